/**
 * Simulated vLLM pods for tests, the demo and benchmarks: many of them in one JVM, on shared event
 * loops. A {@link io.penstock.simulator.Fleet} owns its pods and closes them.
 */
@NullMarked
package io.penstock.simulator;

import org.jspecify.annotations.NullMarked;
