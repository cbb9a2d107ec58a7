package io.penstock.proxy.metrics;

import io.penstock.proxy.openai.TraceParent;
import org.jspecify.annotations.Nullable;

/**
 * What the access log says of one request; the exchange is one, so that nothing is copied. Read
 * once at the end, on the exchange's event loop. Absent numbers are -1, absent texts null.
 *
 * <p>Nothing here is ever a prompt, an answer or a key.
 */
public interface AccessRecord {
  /** When the steps happened. */
  Timeline timeline();

  /** {@code x-request-id}. */
  String requestId();

  /** HTTP method. */
  String method();

  /** Path, without the query. */
  String path();

  /** {@code 1.1} or {@code 2}. */
  String httpVersion();

  /** Status the client got; 499 if it left before. */
  int status();

  /** How it ended. */
  Outcome outcome();

  /** {@link io.penstock.proxy.openai.GatewayError#code} of what went wrong, or null. */
  @Nullable String reason();

  /** Bytes of the request's body. */
  long bytesIn();

  /** Bytes of the answer's body. */
  long bytesOut();

  /** Address of the client without its port. */
  @Nullable String client();

  /** The client's user-agent. */
  @Nullable String userAgent();

  /** How often the client's SDK had tried before, by its own word. */
  int clientRetries();

  /** Name of the API key. */
  @Nullable String keyName();

  /** {@code chat}, {@code text_completion}, {@code embeddings}, … */
  @Nullable String operation();

  /** Model asked for. */
  @Nullable String model();

  /** Model that a rule had the pod asked for in its place, null where none did. */
  @Nullable String sentModel();

  /** Whether the answer was to be streamed. */
  boolean stream();

  /** Name of the pool. */
  @Nullable String pool();

  /** Name of the pod that answered last. */
  @Nullable String endpoint();

  /** Name of the pod that computed the prompt for it, null if it did that itself. */
  @Nullable String prefillEndpoint();

  /** Id of the decision record. */
  @Nullable String decisionId();

  /** Pods tried, 0 if none was. */
  int attempts();

  /** Prompt tokens by the pod's count. */
  long inputTokens();

  /** Prompt tokens that the pod had cached. */
  long cachedTokens();

  /** Generated tokens by the pod's count. */
  long outputTokens();

  /** The gateway's span, or the client's where the gateway traces nothing; null for none. */
  @Nullable TraceParent trace();

  /** Share of the prompt the picker expected to be cached, 0..1. */
  double predictedHit();
}
