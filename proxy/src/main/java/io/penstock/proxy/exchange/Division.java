package io.penstock.proxy.exchange;

/**
 * How a pool's requests are divided between a pod that computes the prompt and one that answers.
 * Immutable.
 *
 * @param leg what the two are sent
 * @param prefillNanos how long one pod may take for the prompt before another is asked
 */
public record Division(PrefillLeg leg, long prefillNanos) {}
