/**
 * Brings a namespace to what is desired: informers, one work queue, server-side apply, pruning,
 * status.
 *
 * <p>The queue runs one key at a time on one virtual thread; what a pass reads are the informers'
 * stores, and what it knows ends with it.
 */
@NullMarked
package io.penstock.controller.reconcile;

import org.jspecify.annotations.NullMarked;
