/**
 * The simulated engine: continuous batching, KV blocks and prefix caching in modelled time.
 *
 * <p>Pure Java, no sockets and no clock of its own: an {@link
 * io.penstock.simulator.engine.EngineClock} drives it in wall-clock or virtual time. All state
 * belongs to one {@link io.penstock.simulator.engine.Engine} and is confined to that clock's
 * thread; an idle engine holds no timer.
 */
@NullMarked
package io.penstock.simulator.engine;

import org.jspecify.annotations.NullMarked;
