package io.penstock.picker.flow;

/**
 * What the gate wants to know of a request. Immutable.
 *
 * @param priority greater goes first; below 0 it may be shed
 * @param fairnessId whose share of the capacity it takes; never empty
 * @param asked the model that the client named, for metrics
 * @param model the model that the engine is asked for, for metrics
 * @param bytes of its body
 * @param receivedNanos the ticker's time when its head came
 * @param ttftSloNanos how soon its client wants the first token, 0 where it did not say
 */
public record FlowRequest(
    int priority,
    String fairnessId,
    String asked,
    String model,
    long bytes,
    long receivedNanos,
    long ttftSloNanos) {}
