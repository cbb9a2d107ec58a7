/**
 * What the replicas of a gateway or picker tell each other through Redis or Valkey: each placement,
 * its first token and its end, so that each of them picks as if it had sent everything itself. May
 * import assembly, request, signals and pool.
 */
@NullMarked
package io.penstock.picker.replica;

import org.jspecify.annotations.NullMarked;
