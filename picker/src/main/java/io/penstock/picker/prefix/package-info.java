/**
 * Which endpoint holds which blocks of prompt prefix: match, eviction, learning and unlearning.
 *
 * <p>{@link io.penstock.picker.prefix.PrefixIndex} owns all state; it is shared by every event loop
 * without locks, and bounded in bytes. A {@link io.penstock.picker.prefix.MatchScratch} belongs to
 * one thread.
 */
@NullMarked
package io.penstock.picker.prefix;

import org.jspecify.annotations.NullMarked;
