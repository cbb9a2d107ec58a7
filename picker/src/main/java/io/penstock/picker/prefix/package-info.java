/**
 * Which endpoint holds which blocks of prompt prefix: match, eviction, learning and unlearning.
 *
 * <p>{@link io.penstock.picker.prefix.PrefixIndex} owns all state; every event loop reads it
 * without a lock and one thread at a time changes it; it is bounded in bytes. A {@link
 * io.penstock.picker.prefix.MatchScratch} belongs to one thread.
 */
@NullMarked
package io.penstock.picker.prefix;

import org.jspecify.annotations.NullMarked;
