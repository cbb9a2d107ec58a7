/**
 * Builds a pool's picker out of its parts, the same for every front end: pool, signals, in-flight
 * counts, prefix index, cost model, scheduler and decision log.
 *
 * <p>{@link io.penstock.picker.assembly.PoolPicker} is what front ends call: it admits, picks and
 * places, the first and the last by {@link io.penstock.picker.assembly.PoolAdmission} and {@link
 * io.penstock.picker.assembly.Placements}. Its control thread owns the pool and everything that
 * happens to an endpoint's slot; event loops own the placements of their requests.
 */
@NullMarked
package io.penstock.picker.assembly;

import org.jspecify.annotations.NullMarked;
