/**
 * Where clients come in: sockets, TLS, HTTP/1 and HTTP/2, each request handed to an exchange.
 *
 * <p>A connection and everything on it is confined to one event loop.
 */
@NullMarked
package io.penstock.proxy.listen;

import org.jspecify.annotations.NullMarked;
