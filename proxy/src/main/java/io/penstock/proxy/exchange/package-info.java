/**
 * One request's life from its head to its outcome: read, route, relay, end.
 *
 * <p>Everything of one exchange is confined to the client channel's event loop, its upstream
 * connection too.
 */
@NullMarked
package io.penstock.proxy.exchange;

import org.jspecify.annotations.NullMarked;
