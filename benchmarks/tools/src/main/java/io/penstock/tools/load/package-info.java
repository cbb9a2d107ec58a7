/**
 * The load generator: when requests are sent, what is in them, and what came back how fast. One run
 * is one event loop; only a run's counters are read from elsewhere.
 */
@NullMarked
package io.penstock.tools.load;

import org.jspecify.annotations.NullMarked;
