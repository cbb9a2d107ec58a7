/**
 * Who has which priority in a pool, and which model a request is for there: llm-d's
 * InferenceObjective and InferenceModelRewrite, as immutable data, wherever they come from.
 *
 * <p>Whoever learns of a change makes new {@link io.penstock.picker.objective.PoolRules} and hands
 * them to the pool's picker; everybody else reads them there once per request.
 */
@NullMarked
package io.penstock.picker.objective;

import org.jspecify.annotations.NullMarked;
