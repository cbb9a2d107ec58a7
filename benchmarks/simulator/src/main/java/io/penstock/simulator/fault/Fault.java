package io.penstock.simulator.fault;

import java.time.Duration;

/**
 * One way in which a pod misbehaves. Immutable.
 *
 * <p>Counts of events leave out {@code data: [DONE]}; {@code events} is how many are sent whole
 * before the fault shows. On an answer that is not streamed, faults placed between events show
 * before the first byte of the body.
 */
public sealed interface Fault {

  /** A fault of one answer to a POST under {@code /v1/}; can be limited to the next few. */
  sealed interface OfAnswer extends Fault {}

  /** A fault of {@code GET /metrics}. */
  sealed interface OfMetrics extends Fault {}

  /** The listener is closed: connects are refused, open connections live on. */
  record Refuse() implements Fault {}

  /** Connections are reset as soon as they are accepted; can be limited to the next few. */
  record ResetOnAccept() implements Fault {}

  /** Idle keep-alive connections are closed, as uvicorn does after five seconds. */
  record IdleClose(Duration after) implements Fault {}

  /**
   * A pod that drains after SIGTERM: {@code /health} still says 200 while every new request of
   * inference gets vLLM's 500.
   */
  record Terminating() implements Fault {}

  /** All streams, also those already open, go silent with neither data nor end. */
  record HangStreams() implements Fault {}

  /** The connection is reset once this many bytes of the answer were sent; 0: before any. */
  record ResetAfterBytes(long bytes) implements OfAnswer {}

  /** The connection is closed in the middle of the event after {@code events} whole ones. */
  record DieInEvent(int events) implements OfAnswer {}

  /** The stream ends cleanly after {@code events} events, without {@code [DONE]}. */
  record EndWithoutDone(int events) implements OfAnswer {}

  /** Nothing is ever answered. */
  record StallBeforeHead() implements OfAnswer {}

  /** Nothing follows the head and {@code events} events. */
  record StallAfterEvents(int events) implements OfAnswer {}

  /** An error is answered instead; no {@code retry-after} header when the seconds are negative. */
  record AnswerStatus(int code, int retryAfterSeconds) implements OfAnswer {}

  /** Bytes that are no HTTP are answered and the connection is closed. */
  record Garbage() implements OfAnswer {}

  /** After {@code events} events comes a chunk whose size is no number. */
  record MalformedChunk(int events) implements OfAnswer {}

  /** The body ends, and the connection with it, this many bytes before {@code content-length}. */
  record ShortContentLength(int bytes) implements OfAnswer {}

  /** Bytes nobody asked for follow a complete answer on the open connection. */
  record TrailingBytes() implements OfAnswer {}

  /** An informational response, such as 103, comes before the answer. */
  record Informational(int code) implements OfAnswer {}

  /** A prefill whose blocks another pod is to read hands out no parameters, and holds none. */
  record NoTransfer() implements Fault {}

  /**
   * The first token of such a prefill ends it, whatever was asked for, so that none are handed out.
   */
  record EosFirst() implements Fault {}

  /** The page comes late. */
  record SlowMetrics(Duration by) implements OfMetrics {}

  /** The page is always the one of the first time it was asked for under this fault. */
  record StaleMetrics() implements OfMetrics {}

  /** The page is no metrics page. */
  record GarbageMetrics() implements OfMetrics {}
}
