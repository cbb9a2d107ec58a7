package io.penstock.tools.load;

/**
 * How far a run is.
 *
 * @param answered measured requests that ended well
 * @param failed measured requests that did not
 * @param events of streams so far, warm-up included
 * @param connections open now
 * @param streaming streams that had their first event and have not ended
 */
public record LoadProgress(
    long answered, long failed, long events, long connections, long streaming) {}
