/**
 * Which endpoint gets a request: profiles of filters, scorers and a picker, and the decision they
 * come to. A function of request, pool snapshot, signals, in-flight counts, prefix index, time and
 * random generator; no I/O and no clock of its own.
 *
 * <p>Plugins and profiles are immutable or say otherwise and are shared by all event loops; the
 * working memory, {@link io.penstock.picker.schedule.SchedulingContext} and {@link
 * io.penstock.picker.schedule.Candidates}, is confined to one event loop each and reused from
 * request to request.
 */
@NullMarked
package io.penstock.picker.schedule;

import org.jspecify.annotations.NullMarked;
