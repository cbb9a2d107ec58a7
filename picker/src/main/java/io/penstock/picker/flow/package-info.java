/**
 * Who may go on to be scheduled, and when: admission, saturation, queues by priority, fairness
 * between flows, shedding and eviction.
 *
 * <p>{@link io.penstock.picker.flow.Admission} is what callers see, on any thread. Everything
 * behind it has one owner at a time: whoever finds {@link io.penstock.picker.flow.SerialTasks} idle
 * works off what has come, so that there is no lock, no thread to wake and nothing to wait for. A
 * waiting request hears of its fate on its own event loop.
 */
@NullMarked
package io.penstock.picker.flow;

import org.jspecify.annotations.NullMarked;
