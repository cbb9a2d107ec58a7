/**
 * Why a request went where it went: one record per decision, the newest of them in a bounded log,
 * and their JSON form. A record is written by the event loop of its request and may be read by
 * anyone meanwhile.
 */
@NullMarked
package io.penstock.picker.explain;

import org.jspecify.annotations.NullMarked;
