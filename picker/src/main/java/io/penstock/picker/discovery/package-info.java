/**
 * Where the endpoints of a pool come from: a list in the configuration, a watched file, a name in
 * the DNS. Each {@link io.penstock.picker.discovery.DiscoverySource} owns its last known list and
 * gives {@link io.penstock.picker.pool.PoolDelta}s on the control thread.
 */
@NullMarked
package io.penstock.picker.discovery;

import org.jspecify.annotations.NullMarked;
