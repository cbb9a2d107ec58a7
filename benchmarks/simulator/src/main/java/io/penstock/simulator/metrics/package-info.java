/**
 * The /metrics page of a simulated pod, as vLLM 0.32 writes it.
 *
 * <p>A page reads its engine's counts and keeps none of its own; it belongs to the engine's thread.
 */
@NullMarked
package io.penstock.simulator.metrics;

import org.jspecify.annotations.NullMarked;
