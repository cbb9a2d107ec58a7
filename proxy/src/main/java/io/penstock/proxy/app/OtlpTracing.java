package io.penstock.proxy.app;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.penstock.picker.schedule.Decision;
import io.penstock.proxy.config.GatewayConfig;
import io.penstock.proxy.metrics.AccessRecord;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.TraceParent;
import io.penstock.proxy.trace.LegTrace;
import io.penstock.proxy.trace.RequestTrace;
import io.penstock.proxy.trace.Tracing;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Spans of requests, sent by OTLP over HTTP. Thread-safe; a request's spans are confined to its
 * event loop until they end.
 *
 * <p>A request is a server span, each decision a span {@code pick} in it, each pod that is asked a
 * client span, whose context the pod gets. Names and attributes follow OpenTelemetry's conventions
 * for HTTP and generative AI; nothing in them is ever a prompt, an answer or a key.
 */
final class OtlpTracing implements Tracing, AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final long MICROS = 1_000;

  private final SpanQueue queue;
  private final SdkTracerProvider provider;
  private final Tracer tracer;
  private final long epochNanosAtZero;

  private OtlpTracing(
      SpanQueue queue, SdkTracerProvider provider, String version, LongSupplier nanoClock) {
    this.queue = queue;
    this.provider = provider;
    this.tracer = provider.get("io.penstock", version);
    this.epochNanosAtZero =
        TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - nanoClock.getAsLong();
  }

  /** Tracing to {@code endpoint}, of the shares and names that are configured. */
  static OtlpTracing start(
      URI endpoint,
      GatewayConfig.Tracing config,
      String version,
      LongSupplier nanoClock,
      ScheduledExecutorService control) {
    var exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(endpoint.toString())
            .setTimeout(TIMEOUT)
            .setConnectTimeout(TIMEOUT)
            .setRetryPolicy(RetryPolicy.getDefault());
    config.headers().forEach(exporter::addHeader);
    var queue = new SpanQueue(exporter.build(), control);
    var resource =
        Resource.builder()
            .put("service.name", config.serviceName())
            .put("service.version", version)
            .build();
    var provider =
        SdkTracerProvider.builder()
            .setResource(resource)
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(config.sample())))
            .addSpanProcessor(queue)
            .build();
    queue.start();
    return new OtlpTracing(queue, provider, version, nanoClock);
  }

  double exported() {
    return queue.exported();
  }

  double droppedInQueue() {
    return queue.dropped();
  }

  double failed() {
    return queue.failed();
  }

  @Override
  public RequestTrace begin(@Nullable String parent, long nowNanos) {
    return new Request(TraceParent.parse(parent), nowNanos);
  }

  /** Sends what is left. */
  @Override
  public void close() {
    provider.shutdown();
  }

  private long epochNanos(long nanos) {
    return epochNanosAtZero + nanos;
  }

  private static TraceParent context(Span span) {
    var context = span.getSpanContext();
    return new TraceParent(context.getTraceId(), context.getSpanId(), context.isSampled());
  }

  private static Context remote(TraceParent parent) {
    var flags = parent.sampled() ? TraceFlags.getSampled() : TraceFlags.getDefault();
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.createFromRemoteParent(
                    parent.traceId(), parent.spanId(), flags, TraceState.getDefault())));
  }

  private static void put(Span span, String name, @Nullable String value) {
    if (value != null) {
      span.setAttribute(name, value);
    }
  }

  private static void put(Span span, String name, long value) {
    if (value >= 0) {
      span.setAttribute(name, value);
    }
  }

  /** One request. Confined to its event loop. */
  private final class Request implements RequestTrace {
    private final Span span;
    private final Context inside;
    private final boolean continues;

    Request(@Nullable TraceParent parent, long nowNanos) {
      this.continues = parent != null;
      this.span =
          tracer
              .spanBuilder("request")
              .setParent(parent == null ? Context.root() : remote(parent))
              .setSpanKind(SpanKind.SERVER)
              .setStartTimestamp(epochNanos(nowNanos), TimeUnit.NANOSECONDS)
              .startSpan();
      this.inside = Context.root().with(span);
    }

    @Override
    public TraceParent context() {
      return OtlpTracing.context(span);
    }

    @Override
    public boolean continues() {
      return continues;
    }

    @Override
    public void picked(Decision decision, long startNanos, long endNanos) {
      if (!span.isRecording()) {
        return;
      }
      var pick =
          tracer
              .spanBuilder("pick")
              .setParent(inside)
              .setStartTimestamp(epochNanos(startNanos), TimeUnit.NANOSECONDS)
              .startSpan();
      switch (decision) {
        case Decision.Route route -> route(pick, route);
        case Decision.Disaggregated divided -> {
          route(pick, divided.decode());
          put(pick, "penstock.prefill.pod", divided.prefill().spec().name());
          put(pick, "penstock.prefill.cached_tokens", divided.prefillCachedTokens());
        }
        case Decision.NoEndpoint none ->
            pick.setStatus(StatusCode.ERROR)
                .setAttribute("error.type", none.reason().name().toLowerCase(Locale.ROOT));
      }
      pick.end(epochNanos(endNanos), TimeUnit.NANOSECONDS);
    }

    private static void route(Span pick, Decision.Route route) {
      put(pick, "penstock.decision.id", Long.toString(route.decisionId()));
      put(pick, "penstock.pod", route.endpoint().spec().name());
      put(pick, "penstock.prompt_tokens", route.promptTokens());
      put(pick, "penstock.cached_tokens", route.cachedTokens());
      put(pick, "penstock.ttft_micros", route.predictedTtftNanos() / MICROS);
    }

    @Override
    public LegTrace leg(
        String leg, @Nullable String model, String pod, String host, int port, long nowNanos) {
      var asked =
          tracer
              .spanBuilder(model == null ? leg : leg + " " + model)
              .setParent(inside)
              .setSpanKind(SpanKind.CLIENT)
              .setStartTimestamp(epochNanos(nowNanos), TimeUnit.NANOSECONDS)
              .startSpan();
      if (asked.isRecording()) {
        put(asked, "gen_ai.operation.name", leg);
        put(asked, "gen_ai.provider.name", "vllm");
        put(asked, "gen_ai.request.model", model);
        put(asked, "penstock.pod", pod);
        put(asked, "server.address", host);
        put(asked, "server.port", port);
      }
      return new Leg(asked);
    }

    @Override
    public void end(AccessRecord request, long nowNanos) {
      if (span.isRecording()) {
        describe(request);
      }
      span.end(epochNanos(nowNanos), TimeUnit.NANOSECONDS);
    }

    private void describe(AccessRecord request) {
      span.updateName(request.method() + " " + request.path());
      put(span, "http.request.method", request.method());
      put(span, "url.path", request.path());
      put(span, "http.response.status_code", request.status());
      put(span, "user_agent.original", request.userAgent());
      put(span, "gen_ai.operation.name", request.operation());
      put(span, "gen_ai.request.model", request.model());
      put(span, "gen_ai.usage.input_tokens", request.inputTokens());
      put(span, "gen_ai.usage.output_tokens", request.outputTokens());
      put(span, "gen_ai.usage.cache_read.input_tokens", request.cachedTokens());
      put(span, "penstock.request.id", request.requestId());
      put(span, "penstock.pool", request.pool());
      put(span, "penstock.outcome", request.outcome().label());
      put(span, "penstock.attempts", request.attempts());
      put(span, "error.type", request.reason());
      if (request.timeline().has(Timeline.Event.FIRST_TOKEN)) {
        span.addEvent(
            "first_token",
            epochNanos(request.timeline().at(Timeline.Event.FIRST_TOKEN)),
            TimeUnit.NANOSECONDS);
      }
      if (request.outcome() == Outcome.FAILED || request.status() >= 500) {
        span.setStatus(StatusCode.ERROR);
      }
    }
  }

  /** One pod that is asked. Confined to its event loop. */
  private final class Leg implements LegTrace {
    private final Span span;

    Leg(Span span) {
      this.span = span;
    }

    @Override
    public TraceParent context() {
      return OtlpTracing.context(span);
    }

    @Override
    public void firstByte(long nowNanos) {
      span.addEvent("first_byte", epochNanos(nowNanos), TimeUnit.NANOSECONDS);
    }

    @Override
    public void end(int status, @Nullable String error, long nowNanos) {
      if (status > 0) {
        put(span, "http.response.status_code", status);
      }
      var type = error == null && status >= 400 ? Integer.toString(status) : error;
      if (type != null) {
        span.setStatus(StatusCode.ERROR).setAttribute("error.type", type);
      }
      span.end(epochNanos(nowNanos), TimeUnit.NANOSECONDS);
    }
  }
}
