package io.penstock.proxy.exchange;

import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.proxy.metrics.AccessRecord;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.Target;
import io.penstock.proxy.openai.TraceParent;
import io.penstock.proxy.trace.RequestTrace;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one request, collected on its way and read once at its end. Confined to the
 * exchange's event loop.
 */
final class RequestFacts implements AccessRecord {

  static final String TRACEPARENT = "traceparent";

  private static final RequestHead NO_HEAD =
      new RequestHead("-", "-", EmptyHttpHeaders.INSTANCE, 0);

  private final Timeline timeline = new Timeline();
  private final String httpVersion;
  private final @Nullable String client;
  RequestHead head = NO_HEAD;
  Target target = new Target.NotFound();
  String requestId = "-";
  int status = 499;
  Outcome outcome = Outcome.CLIENT_CANCELLED;
  @Nullable GatewayError error;
  long bytesIn;
  long bytesOut;
  @Nullable String keyName;
  @Nullable InferenceRequest request;

  /** The name that the answer's model is to have, null where the pod's is the client's. */
  @Nullable String answerModel;

  /** The rule that sends the request to another model than it names, null for none. */
  @Nullable String rewrite;

  @Nullable GatewayPool pool;
  @Nullable Endpoint endpoint;
  private long decision;
  private double predictedHit = -1;
  @Nullable Endpoint prefill;
  int prefillCachedTokens = -1;
  int attempts;
  @Nullable AnswerBody answer;
  private @Nullable RequestCourse course;
  @Nullable RequestTrace trace;

  /** Headers of the answer that are to name its pods. */
  List<SessionHeader> sessions = List.of();

  RequestFacts(String httpVersion, @Nullable String client, long nowNanos) {
    this.httpVersion = httpVersion;
    this.client = client;
    timeline.mark(Timeline.Event.RECEIVED, nowNanos);
  }

  /** A pod is asked by that decision, which is not kept. */
  void routed(Decision.Route route) {
    decision = route.decisionId();
    predictedHit =
        route.promptTokens() == 0 ? -1 : (double) route.cachedTokens() / route.promptTokens();
  }

  /** What the request's decisions say of it, from the first of them on. */
  RequestCourse course() {
    var known = course;
    if (known == null) {
      known = new RequestCourse(timeline, keyName);
      course = known;
    }
    return known;
  }

  /** The facts are complete: the decisions may say so. */
  void complete() {
    if (course == null) {
      return;
    }
    course.end(this);
    if (pool != null) {
      pool.picker().decisions().ended(decision);
    }
  }

  @Override
  public Timeline timeline() {
    return timeline;
  }

  @Override
  public String requestId() {
    return requestId;
  }

  @Override
  public String method() {
    return head.method();
  }

  @Override
  public String path() {
    int query = head.uri().indexOf('?');
    return query < 0 ? head.uri() : head.uri().substring(0, query);
  }

  @Override
  public String httpVersion() {
    return httpVersion;
  }

  @Override
  public int status() {
    return status;
  }

  @Override
  public Outcome outcome() {
    return outcome;
  }

  @Override
  public @Nullable String reason() {
    return error == null ? null : error.code();
  }

  @Override
  public long bytesIn() {
    return bytesIn;
  }

  @Override
  public long bytesOut() {
    return bytesOut;
  }

  @Override
  public @Nullable String client() {
    return client;
  }

  @Override
  public @Nullable String userAgent() {
    return head.headers().get("user-agent");
  }

  @Override
  public int clientRetries() {
    String count = head.headers().get("x-stainless-retry-count");
    return count != null && count.length() == 1 && Character.isDigit(count.charAt(0))
        ? count.charAt(0) - '0'
        : -1;
  }

  @Override
  public @Nullable String keyName() {
    return keyName;
  }

  @Override
  public @Nullable String operation() {
    return target instanceof Target.Inference inference
        ? switch (inference.api()) {
          case CHAT -> "chat";
          case COMPLETIONS -> "text_completion";
          case EMBEDDINGS -> "embeddings";
          case RESPONSES, MESSAGES -> inference.api().name().toLowerCase(Locale.ROOT);
          case GENERATE, SGLANG, OPAQUE -> inference.path();
        }
        : null;
  }

  @Override
  public @Nullable String model() {
    return request == null ? null : request.asked();
  }

  @Override
  public @Nullable String sentModel() {
    return request == null || !request.rewritten() ? null : request.model();
  }

  @Override
  public boolean stream() {
    return request != null && request.stream();
  }

  @Override
  public @Nullable String pool() {
    return pool == null ? null : pool.name();
  }

  @Override
  public @Nullable String endpoint() {
    return endpoint == null ? null : endpoint.spec().name();
  }

  @Override
  public @Nullable String prefillEndpoint() {
    return prefill == null ? null : prefill.spec().name();
  }

  @Override
  public @Nullable String decisionId() {
    return decision == 0 ? null : Long.toString(decision);
  }

  @Override
  public int attempts() {
    return attempts;
  }

  @Override
  public long inputTokens() {
    return answer == null ? -1 : answer.usage().promptTokens();
  }

  @Override
  public long cachedTokens() {
    if (prefill != null && prefillCachedTokens >= 0) {
      // The pod that answers counts what it was handed as cached.
      return prefillCachedTokens;
    }
    return answer == null ? -1 : answer.usage().cachedTokens();
  }

  @Override
  public long outputTokens() {
    return answer == null ? -1 : answer.usage().completionTokens();
  }

  @Override
  public @Nullable TraceParent trace() {
    return trace != null ? trace.context() : TraceParent.parse(head.headers().get(TRACEPARENT));
  }

  @Override
  public double predictedHit() {
    return predictedHit;
  }
}
