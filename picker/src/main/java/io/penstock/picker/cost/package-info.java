/**
 * The expected-cost policy: which endpoint answers at the least cost in seconds, for this request
 * and for those it stands in the way of; and the calibration of its rates from what is observed.
 *
 * <p>Event loops read {@link io.penstock.picker.cost.CostModel} and write observations, each into a
 * queue of its own; the control thread fits the rates and publishes them. No locks.
 */
@NullMarked
package io.penstock.picker.cost;

import org.jspecify.annotations.NullMarked;
