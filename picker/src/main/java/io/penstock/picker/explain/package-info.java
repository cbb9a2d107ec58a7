/**
 * Why a request went where it went: one record per decision, the newest of them in a bounded log,
 * and their JSON form. A decision is written by the event loop of its request into memory that is
 * used again and again; whoever reads gets a record of his own, which is whole.
 */
@NullMarked
package io.penstock.picker.explain;

import org.jspecify.annotations.NullMarked;
