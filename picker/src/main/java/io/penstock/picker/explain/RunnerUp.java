package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;

/**
 * The second best of a decision for one endpoint, as it was when that decision was made. Immutable.
 *
 * @param endpoint the second of the ranking
 * @param seconds what it costs, in seconds: its expected cost, or under other policies its expected
 *     time to first token
 * @param chosenSeconds the same of the first of the ranking
 */
public record RunnerUp(Endpoint endpoint, double seconds, double chosenSeconds) {}
