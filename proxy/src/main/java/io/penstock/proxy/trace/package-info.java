/**
 * What the data path says of a request to whoever traces it, and W3C trace context. Knows no
 * tracing library; {@link io.penstock.proxy.trace.Tracing#OFF} costs a field read per request.
 */
@NullMarked
package io.penstock.proxy.trace;

import org.jspecify.annotations.NullMarked;
