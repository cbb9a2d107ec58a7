/**
 * What is known of each endpoint's load: {@link io.penstock.picker.signals.EngineSignals} holds
 * what the engines say of themselves on their metrics pages, {@link
 * io.penstock.picker.signals.InFlight} what this process has sent them and not yet got back. Both
 * are columns of primitives with one row per endpoint slot.
 *
 * <p>Each cell has one writer (the slot's scraper; the event loop that owns the column) and is read
 * racily by every pick: a pick needs a recent value, not a consistent one.
 */
@NullMarked
package io.penstock.picker.signals;

import org.jspecify.annotations.NullMarked;
