/**
 * What the pool looks like right now: endpoints, their roles and models, as immutable data.
 *
 * <p>One writer ({@link io.penstock.picker.pool.Pool}) turns deltas of the discovery sources into
 * snapshots; everybody else reads the newest snapshot once per request.
 */
@NullMarked
package io.penstock.picker.pool;

import org.jspecify.annotations.NullMarked;
