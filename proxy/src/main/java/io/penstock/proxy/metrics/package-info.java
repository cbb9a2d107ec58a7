/**
 * What a request leaves behind: its timeline, its line in the access log, and the gateway's
 * counters. Apart from the admin listener, which only shows them, so that both the data path and
 * the listener may depend on this room.
 *
 * <p>A {@link io.penstock.proxy.metrics.Timeline} belongs to its exchange; {@link
 * io.penstock.proxy.metrics.GatewayMetrics} is thread-safe.
 */
@NullMarked
package io.penstock.proxy.metrics;

import org.jspecify.annotations.NullMarked;
