package io.penstock.proxy.app;

import static io.penstock.proxy.app.OtlpReceiver.attribute;
import static io.penstock.proxy.app.OtlpReceiver.id;
import static io.penstock.proxy.app.OtlpReceiver.parent;
import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import io.penstock.simulator.fault.Fault;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The traces of requests, from the client through the gateway to the pods. */
class TracingTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CLIENT = "b7ad6b7169203331";
  private static final String SAMPLED = "00-" + TRACE + "-" + CLIENT + "-01";

  private OtlpReceiver receiver;

  @BeforeEach
  void receive() throws Exception {
    receiver = new OtlpReceiver();
  }

  @AfterEach
  void stop() {
    receiver.close();
  }

  private TestGateway gateway(int pods, String... more) throws Exception {
    return TestGateway.of(
        pods,
        flags -> {
          flags.flag("--tracing.endpoint", receiver.endpoint());
          for (int i = 0; i < more.length; i += 2) {
            flags.flag(more[i], more[i + 1]);
          }
          return flags;
        });
  }

  private List<Span> spans(String trace, int count) {
    await().until(() -> receiver.spans(trace).size() >= count);
    assertThat(receiver.spans(trace)).hasSize(count);
    return receiver.spans(trace);
  }

  private static Span named(List<Span> spans, String name) {
    return spans.stream().filter(span -> span.getName().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void a_request_goes_on_with_the_clients_trace_and_the_pod_with_the_gateways() throws Exception {
    try (var gateway = gateway(1)) {
      gateway.post(
          CHAT,
          chat("the prompt", 5, true),
          "traceparent",
          SAMPLED,
          "tracestate",
          "vendor=1",
          "x-request-id",
          "ask-1");

      var spans = spans(TRACE, 3);
      var request = named(spans, "POST " + CHAT);
      var pick = named(spans, "pick");
      var leg = named(spans, "chat tiny");
      assertThat(parent(request)).isEqualTo(CLIENT);
      assertThat(parent(pick)).isEqualTo(id(request));
      assertThat(parent(leg)).isEqualTo(id(request));
      assertThat(request.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
      assertThat(leg.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CLIENT);

      var received = gateway.lastReceived(CHAT);
      assertThat(received.header("traceparent")).hasValue("00-" + TRACE + "-" + id(leg) + "-01");
      assertThat(received.header("tracestate")).hasValue("vendor=1");

      assertThat(attribute(request, "penstock.request.id")).hasValue("ask-1");
      assertThat(attribute(request, "http.response.status_code")).hasValue("200");
      assertThat(attribute(request, "gen_ai.request.model")).hasValue("tiny");
      assertThat(attribute(leg, "server.port"))
          .hasValue("" + gateway.pod(0).hostPort().split(":", -1)[1]);
      assertThat(request.getEventsList()).extracting(Span.Event::getName).contains("first_token");
      assertThat(leg.getEventsList()).extracting(Span.Event::getName).contains("first_byte");
      assertThat(request.getEndTimeUnixNano()).isGreaterThan(request.getStartTimeUnixNano());
      assertThat(leg.getStartTimeUnixNano())
          .isBetween(request.getStartTimeUnixNano(), request.getEndTimeUnixNano());
      assertThat(receiver.requests.toString()).doesNotContain("the prompt");
    }
  }

  @Test
  void without_a_trace_of_the_clients_one_begins_and_what_is_none_is_dropped() throws Exception {
    try (var gateway = gateway(1)) {
      gateway.post(CHAT, chat("a", 2, false), "traceparent", "nonsense", "tracestate", "vendor=1");

      await().until(() -> receiver.all().size() == 3);
      var request = named(receiver.all(), "POST " + CHAT);
      assertThat(parent(request)).isEmpty();
      var received = gateway.lastReceived(CHAT);
      assertThat(received.header("traceparent").orElseThrow())
          .startsWith("00-" + OtlpReceiver.trace(request));
      assertThat(received.header("tracestate")).isEmpty();
    }
  }

  @Test
  void both_legs_of_a_divided_request_are_in_its_trace() throws Exception {
    try (var pods =
        DividedPods.with()
            .prefills(1)
            .decodes(1)
            .flags(flags -> flags.flag("--tracing.endpoint", receiver.endpoint()))
            .start()) {
      pods.gateway.post(CHAT, chat("so many words ".repeat(50), 5, true), "traceparent", SAMPLED);

      var spans = spans(TRACE, 4);
      var request = named(spans, "POST " + CHAT);
      var prefill = named(spans, "prefill tiny");
      var decode = named(spans, "decode tiny");
      assertThat(parent(request)).isEqualTo(CLIENT);
      assertThat(parent(prefill)).isEqualTo(id(request));
      assertThat(parent(decode)).isEqualTo(id(request));
      assertThat(pods.prefilled().getFirst().header("traceparent"))
          .hasValue("00-" + TRACE + "-" + id(prefill) + "-01");
      assertThat(pods.decoded().getFirst().header("traceparent"))
          .hasValue("00-" + TRACE + "-" + id(decode) + "-01");
      assertThat(decode.getStartTimeUnixNano()).isGreaterThan(prefill.getEndTimeUnixNano() - 1);
      assertThat(attribute(named(spans, "pick"), "penstock.prefill.pod"))
          .hasValue(pods.prefill(0).hostPort());
    }
  }

  @Test
  void a_retry_is_another_leg_and_says_what_became_of_the_first() throws Exception {
    try (var gateway = gateway(2)) {
      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().add(new Fault.AnswerStatus(503, 10), 1);
      }
      gateway.post(CHAT, chat("a", 2, true), "traceparent", SAMPLED);
      gateway.assertQuiet();

      await().until(() -> receiver.spans(TRACE).stream().anyMatch(s -> parent(s).equals(CLIENT)));
      var legs =
          receiver.spans(TRACE).stream().filter(s -> s.getName().equals("chat tiny")).toList();
      assertThat(legs).hasSize(2);
      assertThat(legs.getFirst().getStatus().getCode())
          .isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
      assertThat(attribute(legs.getFirst(), "error.type")).isPresent();
      assertThat(attribute(legs.getFirst(), "penstock.pod"))
          .isNotEqualTo(attribute(legs.get(1), "penstock.pod"));
    }
  }

  @Test
  void what_the_client_does_not_sample_is_passed_on_and_not_recorded() throws Exception {
    try (var gateway = gateway(1)) {
      gateway.post(CHAT, chat("a", 2, false), "traceparent", "00-" + TRACE + "-" + CLIENT + "-00");
      var parent = gateway.lastReceived(CHAT).header("traceparent").orElseThrow();
      assertThat(parent).startsWith("00-" + TRACE).endsWith("-00").doesNotContain(CLIENT);

      gateway.post(CHAT, chat("a", 2, false));
      await().until(() -> receiver.all().size() == 3);
      assertThat(receiver.spans(TRACE)).isEmpty();
    }
  }

  @Test
  void the_share_that_is_recorded_is_configured() throws Exception {
    try (var gateway = gateway(1, "--tracing.sample", "0")) {
      gateway.post(CHAT, chat("a", 2, false));
      assertThat(gateway.lastReceived(CHAT).header("traceparent").orElseThrow()).endsWith("-00");
      gateway.post(CHAT, chat("a", 2, false), "traceparent", SAMPLED);
      spans(TRACE, 3);
      assertThat(receiver.all()).hasSize(3);
    }
  }

  @Test
  void without_an_endpoint_the_clients_context_passes_as_it_is() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.post(CHAT, chat("a", 2, false), "traceparent", SAMPLED, "tracestate", "vendor=1");
      var received = gateway.lastReceived(CHAT);
      assertThat(received.header("traceparent")).hasValue(SAMPLED);
      assertThat(received.header("tracestate")).hasValue("vendor=1");
      gateway.post(CHAT, chat("a", 2, false));
      assertThat(gateway.lastReceived(CHAT).header("traceparent")).isEmpty();
      assertThat(gateway.admin("/metrics")).doesNotContain("penstock_trace_spans");
    }
  }

  @Test
  void the_variables_of_open_telemetry_say_where_spans_go_and_with_what() throws Exception {
    var base = receiver.endpoint().replace("/v1/traces", "");
    var variables =
        Map.of(
            "OTEL_EXPORTER_OTLP_ENDPOINT", base,
            "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x",
            "OTEL_SERVICE_NAME", "edge");
    try (var gateway = TestGateway.of(1, flags -> flags.environment(variables))) {
      gateway.post(CHAT, chat("a", 2, false));
      await().until(() -> receiver.all().size() == 3);

      assertThat(receiver.authorizations).contains("Bearer x");
      assertThat(receiver.requests.getFirst().getResourceSpans(0).getResource().toString())
          .contains("edge");
      assertThat(gateway.admin("/config")).doesNotContain("Bearer");
    }
  }

  @Test
  void a_collector_that_is_gone_holds_up_nothing_and_is_counted() throws Exception {
    receiver.close();
    try (var gateway = gateway(1)) {
      for (int i = 0; i < 5; i++) {
        assertThat(gateway.post(CHAT, chat("a", 2, false)).statusCode()).isEqualTo(200);
      }
      assertThat(gateway.metric("penstock_trace_spans_exported_total")).isZero();
      assertThat(gateway.metric("penstock_trace_spans_dropped_total{reason=\"queue_full\",}"))
          .isZero();
    }
  }
}
