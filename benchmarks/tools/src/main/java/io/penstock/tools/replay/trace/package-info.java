/**
 * What is replayed: requests with their arrival, lengths and prompt blocks, read from a trace or
 * generated. Immutable data.
 */
@NullMarked
package io.penstock.tools.replay.trace;

import org.jspecify.annotations.NullMarked;
