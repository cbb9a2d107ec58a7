package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The real openai-python SDK, with its own retries, against {@code penstock serve}: what every SDK
 * must see, tool calls and embeddings, and each error of the catalogue.
 */
@Tag("openai")
class OpenAiSdkIT implements SdkContract {

  private static final String BODY =
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]%s}";

  private static Sdk sdk;
  private static ServedPods pods;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    sdk = Sdk.python();
    pods = new ServedPods();
  }

  @AfterEach
  void settle() {
    pods.settle();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (pods != null) {
      pods.close();
      sdk.close();
    }
  }

  @Override
  public Sdk sdk() {
    return sdk;
  }

  @Override
  public ServedPods pods() {
    return pods;
  }

  @Test
  void tool_calls_are_the_pods_byte_for_byte_streamed_and_not() throws Exception {
    var seen = ask("tools");
    assertThat(seen).isEqualTo(sdk.ask("tools", pods.podUrl()));
    assertThat(seen.text("name", "")).isEqualTo("get_weather");
    assertThat(seen.text("arguments", "")).isEqualTo("{\"city\": \"kalo\"}");
    assertThat(seen.text("streamed", "")).isEqualTo("{\"city\": \"kalo\"}");
  }

  @Test
  void embeddings_are_the_pods() throws Exception {
    var seen = ask("embeddings");
    assertThat(seen).isEqualTo(sdk.ask("embeddings", pods.podUrl()));
    assertThat(seen.integer("count", -1)).isEqualTo(2);
  }

  @Test
  void every_answer_has_a_request_id() throws Exception {
    assertThat(ask("chat").text("request_id", "")).startsWith("req_");
    assertThat(ask("error", "huge").text("request_id", "")).startsWith("req_");
  }

  /** How an error of the catalogue comes to be; the compiler sees to it that none is left out. */
  private sealed interface Cause {

    /** Something a client, a pod or an operator does. */
    record Provoked(String exception, Step step) implements Cause {}

    /** No flag, file, pod or client brings it about, for this reason. */
    record Unseen(String reason) implements Cause {}

    /** What the SDK tells of it. */
    interface Step {
      Json.Obj ask() throws Exception;
    }
  }

  private static Cause causeOf(GatewayError error) {
    return switch (error) {
      case INVALID_JSON -> badRequest("{\"model\":");
      case MISSING_REQUIRED_PARAMETER -> badRequest("{\"messages\":[]}");
      case INVALID_TYPE -> badRequest(BODY.formatted(",\"stream\":\"yes\""));
      case DUPLICATE_PARAMETER -> badRequest(BODY.formatted(",\"model\":\"tiny\""));
      case VALUE_TOO_LONG -> badRequest(BODY.replace("tiny", "x".repeat(257)).formatted(""));
      case BODY_TOO_COMPLEX ->
          badRequest(BODY.formatted(",\"x\":" + "[".repeat(100) + "]".repeat(100)));
      case INVALID_URL -> of("BadRequestError", "error_of_path", "get", "/%2e%2e/metrics");
      case MALFORMED_REQUEST ->
          of(
              "BadRequestError",
              "error_of_headers",
              Map.of("Transfer-Encoding", "chunked", "Content-Length", "9"));
      case INVALID_API_KEY ->
          new Cause.Provoked("AuthenticationError", () -> askWithKeys("tiny", "sk-bad"));
      case MODEL_NOT_ALLOWED ->
          new Cause.Provoked("PermissionDeniedError", () -> askWithKeys("tiny", "sk-good"));
      case MODEL_NOT_FOUND -> of("NotFoundError", "error", "huge");
      case RESPONSE_NOT_FOUND -> of("NotFoundError", "error_of_stored_response", "resp_nobodys");
      case UNKNOWN_URL -> of("NotFoundError", "error_of_path", "post", "/nothing");
      case METHOD_NOT_SUPPORTED ->
          of("APIStatusError", "error_of_path", "delete", "/chat/completions");
      case REQUEST_TIMEOUT ->
          under("APIStatusError", "--timeouts.request-body=500ms", "error_of_slow_body", 2);
      case PREFIX_NOT_CACHED ->
          of("APIStatusError", "error_of_headers", Map.of("Prefer", "if-available"));
      case REQUEST_TOO_LARGE ->
          under("APIStatusError", "--limits.request-body=64KiB", "error_of_long_prompt", 70_000);
      case UNSUPPORTED_MEDIA_TYPE ->
          of("APIStatusError", "error_of_headers", Map.of("Content-Encoding", "gzip"));
      case SATURATED -> new Cause.Provoked("RateLimitError", OpenAiSdkIT::askWhereAllAreBusy);
      case QUEUE_FULL -> new Cause.Provoked("RateLimitError", OpenAiSdkIT::askWhereNobodyMayWait);
      case QUEUE_TIMEOUT ->
          new Cause.Provoked("RateLimitError", OpenAiSdkIT::askWhereNobodyMayWaitLong);
      case EVICTED -> new Cause.Unseen("no flag or file gives a request a negative priority");
      case HEADERS_TOO_LARGE ->
          of("APIStatusError", "error_of_headers", Map.of("x-long", "x".repeat(40_000)));
      case CLIENT_CLOSED_REQUEST, CLIENT_STALL ->
          new Cause.Unseen("499 is for logs and metrics; nobody is there to be told");
      case INTERNAL_ERROR -> new Cause.Unseen("only a fault in the gateway's own code gives it");
      case UPSTREAM_CONNECT_ERROR ->
          new Cause.Provoked("InternalServerError", OpenAiSdkIT::askPodsThatRefuse);
      case UPSTREAM_RESET -> faulty(new Fault.ResetAfterBytes(0));
      case UPSTREAM_TRUNCATED -> faultyStream(new Fault.EndWithoutDone(3));
      case UPSTREAM_INVALID_RESPONSE -> faulty(new Fault.Garbage());
      case OVERLOADED ->
          under(
              "InternalServerError",
              "--limits.buffered-bodies=1MiB",
              "error_of_long_prompt",
              1_200_000);
      case NO_HEALTHY_ENDPOINTS ->
          new Cause.Provoked("InternalServerError", OpenAiSdkIT::askWithoutPods);
      case DRAINING -> new Cause.Provoked("InternalServerError", OpenAiSdkIT::askForHealthInDrain);
      case GATEWAY_SHUTDOWN -> new Cause.Provoked("APIError", OpenAiSdkIT::streamThroughShutdown);
      case TIME_TO_FIRST_TOKEN_TIMEOUT ->
          new Cause.Provoked(
              "InternalServerError",
              () -> askFaulty(new Fault.StallBeforeHead(), "error_in_stream", "first-byte"));
      case ANSWER_TIMEOUT ->
          new Cause.Provoked(
              "InternalServerError",
              () -> askFaulty(new Fault.StallBeforeHead(), "error", "answer"));
      case STREAM_IDLE_TIMEOUT ->
          new Cause.Provoked(
              "APIError",
              () -> askFaulty(new Fault.StallAfterEvents(3), "error_in_stream", "stream-idle"));
      case DEADLINE_EXCEEDED ->
          new Cause.Provoked(
              "InternalServerError",
              () -> askFaulty(new Fault.StallBeforeHead(), "error", "total"));
    };
  }

  @Test
  void only_errors_that_no_client_can_meet_are_left_out() {
    assertThat(GatewayError.values())
        .filteredOn(error -> causeOf(error) instanceof Cause.Unseen)
        .containsExactly(
            GatewayError.EVICTED,
            GatewayError.CLIENT_CLOSED_REQUEST,
            GatewayError.CLIENT_STALL,
            GatewayError.INTERNAL_ERROR);
  }

  static List<GatewayError> provoked() {
    return Arrays.stream(GatewayError.values())
        .filter(error -> causeOf(error) instanceof Cause.Provoked)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("provoked")
  void an_error_of_the_catalogue_is_raised_and_repeated_as_it_says(GatewayError error)
      throws Exception {
    var cause = (Cause.Provoked) causeOf(error);

    var seen = cause.step.ask();

    assertThat(seen.text("exception", "none")).as("%s", seen).isEqualTo(cause.exception);
    assertThat(seen.text("code", "none")).as("%s", seen).isEqualTo(error.code());
    assertThat(seen.text("type", "none")).isEqualTo(error.type());
    if (error.param() != null) {
      assertThat(seen.text("param", "none")).isEqualTo(error.param());
    }
    boolean insideStream = cause.exception.equals("APIError");
    if (!insideStream) {
      assertThat(seen.integer("status", -1)).isEqualTo(error.status());
      assertThat(seen.text("should_retry", "none")).isEqualTo("" + error.shouldRetry());
    }
    assertThat(seen.integer("attempts", -1))
        .as("the SDK repeats twice what it is told to, and nothing inside a stream")
        .isEqualTo(error.shouldRetry() && !insideStream ? 3 : 1);
  }

  @Test
  void the_error_names_the_member_it_is_about() throws Exception {
    var seen = ask("error_of_raw_body", BODY.formatted(",\"stream\":\"yes\""));
    assertThat(seen.text("param", "none")).isEqualTo("stream");
  }

  private static Cause badRequest(String body) {
    return of("BadRequestError", "error_of_raw_body", body);
  }

  private static Cause of(String exception, String step, Object... arguments) {
    return new Cause.Provoked(exception, () -> sdk.ask(step, pods.gateway().url(), arguments));
  }

  private static Cause under(String exception, String flag, String step, Object... arguments) {
    return new Cause.Provoked(exception, () -> sdk.ask(step, pods.gateway(flag).url(), arguments));
  }

  private static Cause faulty(Fault fault) {
    return new Cause.Provoked(
        "InternalServerError",
        () -> {
          pods.fault(fault);
          return sdk.ask("error", pods.gateway().url());
        });
  }

  private static Cause faultyStream(Fault fault) {
    return new Cause.Provoked(
        "APIError",
        () -> {
          pods.fault(fault);
          return sdk.ask("error_in_stream", pods.gateway().url());
        });
  }

  /** A step at faulty pods behind a gateway that waits half a second only, by this limit. */
  private static Json.Obj askFaulty(Fault fault, String step, String timeout) throws Exception {
    pods.fault(fault);
    return sdk.ask(step, pods.gateway("--timeouts." + timeout + "=500ms").url());
  }

  private static Json.Obj askWithKeys(String model, String key) throws Exception {
    Path keys = folder.resolve("keys.yaml");
    if (!Files.exists(keys)) {
      Files.writeString(
          keys,
          ApiKeys.entryFor("ops", "sk-good", new SplittableRandom(1)) + "  models: [other]\n");
    }
    return sdk.ask("error", pods.gateway("--auth.keys-file=" + keys).url(), model, key);
  }

  /** The only pod may have one request in flight, and has it. */
  private static Json.Obj askWhereAllAreBusy() throws Exception {
    return askBesideAnother(
        "{plugins: [{type: concurrency-detector, parameters: {maxConcurrency: 1}}]}");
  }

  /** Others would wait, but their time is up at once. */
  private static Json.Obj askWhereNobodyMayWaitLong() throws Exception {
    return askBesideAnother(gated("defaultRequestTTL: 1ms"));
  }

  /** Not even one request fits into the queue. */
  private static Json.Obj askWhereNobodyMayWait() throws Exception {
    try (var gateway = PenstockProcess.serve("--config", onePod(gated("maxBytes: 1")).toString())) {
      return sdk.ask("error", gateway.url());
    }
  }

  private static String gated(String flowControl) {
    return "{featureGates: [flowControl],"
        + " plugins: [{type: queue-scorer},"
        + " {type: concurrency-detector, parameters: {maxConcurrency: 1}}],"
        + " schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}],"
        + " flowControl: {saturationDetector: {pluginRef: concurrency-detector}, "
        + flowControl
        + "}}";
  }

  private static Path onePod(String policy) throws Exception {
    return Files.writeString(
        folder.resolve("one-pod.yaml"),
        """
        pools:
          - name: tiny
            models: [tiny]
            discovery: {static: {endpoints: [{address: "%s"}]}}
            picker:
              config: %s
        """
            .formatted(pods.podUrl().substring("http://".length()), policy));
  }

  private static Json.Obj askBesideAnother(String policy) throws Exception {
    pods.fault(new Fault.StallAfterEvents(3));
    var config = onePod(policy);
    try (var gateway = PenstockProcess.serve("--config", config.toString());
        var running = new OpenStream(gateway.url(), "busy", 100)) {
      running.awaitFirstEvent();
      return sdk.ask("error", gateway.url());
    }
  }

  private static Json.Obj askPodsThatRefuse() throws Exception {
    var gateway = pods.gatewayWithoutConnections();
    pods.fault(new Fault.Refuse());
    return sdk.ask("error", gateway.url());
  }

  /** The only pod was never there, so nobody knows what models there are. */
  private static Json.Obj askWithoutPods() throws Exception {
    try (var gateway = PenstockProcess.serveUnready("--endpoints", "127.0.0.1:1")) {
      return sdk.ask("error", gateway.url());
    }
  }

  /** It drains, but still takes requests: health is bad, and every request is told to leave. */
  private static Json.Obj askForHealthInDrain() throws Exception {
    try (var gateway =
        PenstockProcess.serve(
            "--endpoints", pods.podUrl().substring("http://".length()), "--timeouts.pre-stop=5m")) {
      gateway.terminate();
      await().until(() -> gateway.admin("/readyz").statusCode() == 503);
      return sdk.ask("error_of_path", gateway.url(), "get", gateway.url() + "/health");
    }
  }

  /** The gateway gives up on a stream that outlasts its drain. */
  private static Json.Obj streamThroughShutdown() throws Exception {
    pods.fault(new Fault.StallAfterEvents(3));
    try (var gateway =
            PenstockProcess.serve(
                "--endpoints",
                pods.podUrl().substring("http://".length()),
                "--timeouts.pre-stop=0s",
                "--timeouts.drain=500ms");
        var thread = Executors.newVirtualThreadPerTaskExecutor()) {
      long before = pods.inferenceRequests();
      var seen = thread.submit(() -> sdk.ask("error_in_stream", gateway.url()));
      await().until(() -> pods.inferenceRequests() > before);
      gateway.terminate();
      return seen.get();
    }
  }
}
