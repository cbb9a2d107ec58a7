/**
 * What can go wrong with a simulated pod: the closed list of faults, their short text form, and the
 * switchboard of one pod, which any thread may change while the pod runs.
 */
@NullMarked
package io.penstock.simulator.fault;

import org.jspecify.annotations.NullMarked;
