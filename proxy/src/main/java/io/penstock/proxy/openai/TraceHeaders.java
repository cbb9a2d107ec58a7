package io.penstock.proxy.openai;

/**
 * The trace context that a pod gets in place of the client's.
 *
 * @param traceparent value of the header
 * @param keepState whether the client's {@code tracestate} goes along
 */
public record TraceHeaders(String traceparent, boolean keepState) {}
