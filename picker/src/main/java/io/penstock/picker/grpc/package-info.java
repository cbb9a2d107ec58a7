/**
 * The server's side of gRPC on Netty's HTTP/2 codec: calls whose messages are arrays of bytes, as
 * far as endpoint pickers need it. It knows no message type and no service.
 *
 * <p>A connection, its calls and their listeners are confined to the connection's event loop.
 * Nothing is decoded, queued or handed to other threads on the way, which is what a picker's CPU
 * time went to: docs/decisions says what was measured.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md">gRPC over
 *     HTTP/2</a>
 */
@NullMarked
package io.penstock.picker.grpc;

import org.jspecify.annotations.NullMarked;
