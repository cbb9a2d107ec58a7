package io.penstock.proxy.exchange;

/**
 * How a pool's requests are divided between a pod that computes the prompt and one that answers.
 * Thread-safe.
 *
 * @param leg what the two are sent
 * @param prefillNanos how long one pod may take for the prompt before another is asked
 * @param silent pods that compute prompts and hand nothing over
 */
public record Division(PrefillLeg leg, long prefillNanos, SilentPods silent) {}
