/**
 * The picker as an Envoy external processor: one gRPC stream per HTTP request, its messages in and
 * the picker's answers out.
 *
 * <p>A stream lives on the event loop of its connection, and everything here is confined to that
 * loop unless it says otherwise. The messages are read and written by hand, only the few fields
 * that matter ({@link io.penstock.picker.extproc.ProtoReader}, {@link
 * io.penstock.picker.extproc.ProtoWriter}); tests hold them to the generated classes.
 */
@NullMarked
package io.penstock.picker.extproc;

import org.jspecify.annotations.NullMarked;
