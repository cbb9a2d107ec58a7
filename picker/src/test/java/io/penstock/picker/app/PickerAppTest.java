package io.penstock.picker.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.config.PolicyFile;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.discovery.DiscoverySource;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.extproc.tls.TlsChoice;
import io.penstock.picker.objective.RuleObjects;
import io.penstock.picker.objective.RuleSource;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.metrics.EngineKind;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole picker, over simulated pods. */
class PickerAppTest {

  private Fleet fleet;
  private final List<ManagedChannel> channels = new ArrayList<>();

  @BeforeEach
  void startPods() {
    fleet = Fleet.of(PodConfig.builder().build(), PodConfig.builder().build());
  }

  @AfterEach
  void stopPods() {
    channels.forEach(ManagedChannel::shutdownNow);
    fleet.close();
  }

  @Test
  void it_is_ready_when_every_source_has_told_and_this_replica_leads() throws Exception {
    var told = new AtomicReference<@Nullable Consumer<PoolDelta>>();
    var leads = new AtomicBoolean();
    var silent = new PickerPool("silent", Set.of(), surroundings -> new Told(told));
    try (var app = start(List.of(pods("pods"), silent), leads::get, Duration.ZERO)) {
      await().until(() -> told.get() != null);
      assertThat(health(app, "readiness")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(health(app, "liveness")).isEqualTo(ServingStatus.SERVING);

      var tell = told.get();
      assertThat(tell).isNotNull();
      tell.accept(new PoolDelta(List.of(), List.of()));
      leads.set(true);
      await().until(() -> health(app, "readiness") == ServingStatus.SERVING);

      leads.set(false);
      await().until(() -> health(app, "readiness") == ServingStatus.NOT_SERVING);
    }
  }

  @Test
  void it_is_not_ready_before_it_knows_the_rules_of_its_pools() throws Exception {
    var rules = new LateRules();
    var pool = new PickerPool("pods", Set.of(), pods("pods").discovery(), around -> List.of(rules));
    try (var app = start(List.of(pool), () -> true, Duration.ZERO)) {
      await().until(() -> rules.asked.get() > 1 || app.ready());
      assertThat(app.ready()).isFalse();

      rules.known.set(true);
      await().until(app::ready);
    }
  }

  @Test
  void pods_are_scraped_and_show_in_the_metrics_of_pools() throws Exception {
    try (var app = start(List.of(pods("pods")), () -> true, Duration.ZERO)) {
      await()
          .untilAsserted(
              () ->
                  assertThat(metrics(app, "/metrics").body())
                      .contains(
                          "llm_d_epp_ready_endpoints{name=\"pods\",} 2.0",
                          "llm_d_epp_inflight_requests{endpoint_name=\"127.0.0.1:",
                          "llm_d_epp_info{commit=\"0123abc\",build_ref=\"1.0\",} 1.0",
                          "llm_d_epp_prefix_indexer_size{plugin_name=\"pods\","
                              + "plugin_type=\"expected-cost-picker\",} 0.0",
                          "llm_d_epp_average_queue_size{name=\"pods\",} 0.0",
                          "llm_d_epp_std_dev_running_requests{name=\"pods\",} 0.0",
                          "llm_d_epp_average_kv_cache_utilization{name=\"pods\",} 0.0",
                          "llm_d_epp_per_endpoint_queue_size{name=\"pods\",model_server_endpoint="));
      assertThat(metrics(app, "/other").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void a_changed_policy_is_taken_over_and_a_wrong_one_is_counted(@TempDir Path folder)
      throws Exception {
    var head = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";
    Path file = Files.writeString(folder.resolve("epp.yaml"), head);
    var followed = new PolicyFile(file, false);
    var first = ((LoadedPicker.Valid) followed.load()).config();
    var settings =
        by(
            new PolicyChoice(first, followed),
            settings(List.of(pods("pods")), free(), () -> true, Duration.ZERO));
    try (var app = PickerApp.start(settings)) {
      await().until(app::ready);
      assertThat(new Stream(channel(app.address())).picked()).isNotEmpty();

      Files.writeString(file, head + "plugins: [{type: nothing}]\n");
      await()
          .untilAsserted(
              () ->
                  assertThat(metrics(app, "/metrics").body())
                      .contains("penstock_config_reload_failed_total{kind=\"picker\",} 1.0"));
      assertThat(new Stream(channel(app.address())).picked()).isNotEmpty();

      Files.writeString(
          file,
          head + "plugins: [{type: label-selector-filter, parameters: {matchLabels: {a: b}}}]\n");
      await()
          .untilAsserted(
              () ->
                  assertThat(metrics(app, "/metrics").body())
                      .contains("penstock_config_reload_total{kind=\"picker\",} 1.0"));
      assertThat(new Stream(channel(app.address())).answeredByThePicker()).isTrue();
    }
  }

  @Test
  void pods_of_two_engines_are_read_by_the_label_that_the_configuration_names() throws Exception {
    var policy =
        TestPolicy.experimental(
            """
            plugins:
              - type: core-metrics-extractor
                parameters:
                  engineLabelKey: runs
                  engineConfigs:
                    - name: sg
                      runningRequestsSpec: 'sglang:num_running_reqs{engine_type=unified}'
                      customMetrics: [{attributeKey: pages, metricSpec: 'sglang:token_usage'}]
              - type: endpoint-attribute-filter
                parameters:
                  attribute: pages
                  onMissing: Fail
                  algorithm: {type: threshold, threshold: {operator: LessThan, value: 1}}
            """);
    var other = fleet.start(PodConfig.builder().metrics(EngineKind.SGLANG).build());
    List<EndpointAddress> addresses = new ArrayList<>();
    for (var pod : fleet.pods()) {
      var labels = pod == other ? Map.of("runs", "sg") : Map.<String, String>of();
      addresses.add(EndpointAddress.parse(pod.hostPort(), Role.BOTH, labels));
    }
    var pool = new PickerPool("pods", Set.of(), surroundings -> new StaticSource(addresses));
    var settings =
        by(
            new PolicyChoice(policy, null),
            settings(List.of(pool), free(), () -> true, Duration.ZERO));
    try (var app = PickerApp.start(settings)) {
      await().until(() -> !new Stream(channel(app.address())).answeredByThePicker());
      for (int i = 0; i < 5; i++) {
        assertThat(new Stream(channel(app.address())).picked()).isEqualTo(other.hostPort());
      }
    }
  }

  @Test
  void a_drain_lets_streams_finish_and_takes_no_new_ones() throws Exception {
    try (var app = start(List.of(pods("pods")), () -> true, Duration.ZERO)) {
      await().until(app::ready);
      var channel = channel(app.address());
      var running = new Stream(channel);
      assertThat(running.picked()).isNotEmpty();

      app.drain();
      assertThat(health(app, "readiness")).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(app.awaitDrained(Duration.ofMillis(1))).isFalse();
      await().until(() -> new Stream(channel(app.address())).refused());

      running.answerWhole();
      assertThat(app.awaitDrained(Duration.ofSeconds(20))).isTrue();
      assertThat(app.openStreams()).isZero();
      assertThat(app.reserved()).isZero();
      assertThat(running.failed).isNull();
    }
  }

  @Test
  void a_drain_is_not_over_while_a_gateway_may_still_open_streams() throws Exception {
    try (var app = start(List.of(pods("pods")), () -> true, Duration.ZERO);
        var gateway = new SlowGateway(app.address())) {
      await().until(app::ready);
      gateway.next(SlowGateway.SETTINGS);

      app.drain();
      gateway.next(SlowGateway.GOAWAY);
      byte[] ping = gateway.next(SlowGateway.PING);
      assertThat(app.awaitDrained(Duration.ofMillis(300))).isFalse();

      gateway.answer(ping);
      assertThat(app.awaitDrained(Duration.ofSeconds(20))).isTrue();
    }
  }

  @Test
  void before_that_a_draining_picker_still_picks() throws Exception {
    try (var app = start(List.of(pods("pods")), () -> true, Duration.ofMinutes(5))) {
      await().until(app::ready);
      app.drain();
      assertThat(health(app, "readiness")).isEqualTo(ServingStatus.NOT_SERVING);
      var late = new Stream(channel(app.address()));
      assertThat(late.picked()).isNotEmpty();
      late.answerWhole();
    }
  }

  @Test
  void a_stream_that_outlasts_the_picker_ends_in_order() throws Exception {
    var app = start(List.of(pods("pods")), () -> true, Duration.ZERO);
    await().until(app::ready);
    var stream = new Stream(channel(app.address()));
    assertThat(stream.picked()).isNotEmpty();
    app.close();
    assertThat(stream.ended.poll(20, TimeUnit.SECONDS)).isEqualTo("OK");
  }

  @Test
  void a_response_that_comes_through_the_picker_when_it_ends_breaks_off() throws Exception {
    var app = start(List.of(pods("pods")), () -> true, Duration.ZERO);
    await().until(app::ready);
    var stream = new Stream(channel(app.address()));
    assertThat(stream.picked()).isNotEmpty();
    stream.answerBegins();
    app.close();
    assertThat(stream.ended.poll(20, TimeUnit.SECONDS)).isEqualTo("refused");
    assertThat(Status.fromThrowable(stream.failed).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void an_address_that_is_taken_ends_the_start() throws Exception {
    try (var app = start(List.of(pods("pods")), () -> true, Duration.ZERO)) {
      var same = settings(List.of(pods("pods")), app.address(), () -> true, Duration.ZERO);
      assertThatThrownBy(() -> PickerApp.start(same)).isInstanceOf(IOException.class);
    }
  }

  private PickerPool pods(String name) {
    List<EndpointAddress> addresses = new ArrayList<>();
    for (var pod : fleet.pods()) {
      addresses.add(EndpointAddress.parse(pod.hostPort(), Role.BOTH, Map.of()));
    }
    return new PickerPool(name, Set.of(), surroundings -> new StaticSource(addresses));
  }

  private static PickerApp start(List<PickerPool> pools, BooleanSupplier leader, Duration preStop)
      throws IOException {
    return PickerApp.start(settings(pools, free(), leader, preStop));
  }

  static PickerSettings settings(
      List<PickerPool> pools, InetSocketAddress grpc, BooleanSupplier leader, Duration preStop) {
    return new PickerSettings(
        pools,
        grpc,
        free(),
        free(),
        new TlsChoice.Plaintext(),
        ExtProcSettings.defaults(),
        ModelRule.PREFERRED,
        Optional.empty(),
        Duration.ofMillis(50),
        preStop,
        Duration.ofMinutes(1),
        new PickerSettings.Build("0123abc", "1.0"),
        leader);
  }

  /** The same by another policy. */
  private static PickerSettings by(PolicyChoice policy, PickerSettings usual) {
    return new PickerSettings(
        usual.pools(),
        usual.grpc(),
        usual.health(),
        usual.metrics(),
        usual.tls(),
        usual.streams(),
        usual.modelRule(),
        policy,
        usual.podTls(),
        usual.scrapeInterval(),
        usual.preStop(),
        usual.drain(),
        usual.build(),
        usual.replicas(),
        usual.leader());
  }

  static InetSocketAddress free() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private ManagedChannel channel(InetSocketAddress address) {
    var channel = NettyChannelBuilder.forAddress(address).usePlaintext().build();
    channels.add(channel);
    return channel;
  }

  private ServingStatus health(PickerApp app, String name) {
    return HealthGrpc.newBlockingStub(channel(app.healthAddress()))
        .check(HealthCheckRequest.newBuilder().setService(name).build())
        .getStatus();
  }

  static HttpResponse<String> metrics(PickerApp app, String path) throws Exception {
    var at = "http://127.0.0.1:" + app.metricsAddress().getPort() + path;
    try (var client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(at)).timeout(Duration.ofSeconds(20)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  /** A source that tells what the test tells it. */
  private static final class LateRules implements RuleSource {
    final AtomicBoolean known = new AtomicBoolean();
    final AtomicInteger asked = new AtomicInteger();

    @Override
    public void start(Consumer<RuleObjects> told) {}

    @Override
    public boolean known() {
      asked.incrementAndGet();
      return known.get();
    }

    @Override
    public String problem() {
      return "";
    }

    @Override
    public void close() {}
  }

  private record Told(AtomicReference<@Nullable Consumer<PoolDelta>> deltas)
      implements DiscoverySource {

    @Override
    public void start(Consumer<PoolDelta> consumer) {
      deltas.set(consumer);
    }

    @Override
    public String problem() {
      return "";
    }

    @Override
    public void close() {}
  }

  /** A gateway that speaks HTTP/2 and answers a ping when it is told to. */
  private static final class SlowGateway implements AutoCloseable {

    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;

    private final Socket socket;
    private final DataInputStream in;

    SlowGateway(InetSocketAddress address) throws IOException {
      socket = new Socket(address.getAddress(), address.getPort());
      socket.setSoTimeout(20_000);
      in = new DataInputStream(socket.getInputStream());
      var out = socket.getOutputStream();
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[] {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0});
    }

    /** What the next frame of that type holds; those in front of it pass by. */
    byte[] next(int wanted) throws IOException {
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        in.skipNBytes(5);
        byte[] payload = in.readNBytes(length);
        if (type == wanted) {
          return payload;
        }
      }
    }

    void answer(byte[] ping) throws IOException {
      var frame = ByteBuffer.allocate(17).put(new byte[] {0, 0, 8, PING, 1, 0, 0, 0, 0}).put(ping);
      socket.getOutputStream().write(frame.array());
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** A gateway's stream for a GET. */
  private static final class Stream implements StreamObserver<ProcessingResponse> {
    private final LinkedBlockingQueue<ProcessingResponse> replies = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private final StreamObserver<ProcessingRequest> requests;
    private volatile @Nullable Throwable failed;

    Stream(ManagedChannel channel) {
      requests = ExternalProcessorGrpc.newStub(channel).process(this);
      requests.onNext(
          ProcessingRequest.newBuilder()
              .setRequestHeaders(
                  HttpHeaders.newBuilder()
                      .setEndOfStream(true)
                      .setHeaders(
                          HeaderMap.newBuilder()
                              .addHeaders(HeaderValue.newBuilder().setKey(":path").setValue("/"))))
              .build());
    }

    String picked() throws InterruptedException {
      var reply = replies.poll(20, TimeUnit.SECONDS);
      assertThat(reply).isNotNull();
      return reply
          .getRequestHeaders()
          .getResponse()
          .getHeaderMutation()
          .getSetHeaders(0)
          .getHeader()
          .getRawValue()
          .toStringUtf8();
    }

    boolean answeredByThePicker() throws InterruptedException {
      var reply = replies.poll(20, TimeUnit.SECONDS);
      return reply != null && reply.hasImmediateResponse();
    }

    boolean refused() throws InterruptedException {
      return "refused".equals(ended.poll(20, TimeUnit.SECONDS));
    }

    void answerBegins() throws InterruptedException {
      requests.onNext(
          ProcessingRequest.newBuilder()
              .setResponseHeaders(HttpHeaders.getDefaultInstance())
              .build());
      requests.onNext(
          ProcessingRequest.newBuilder()
              .setResponseBody(HttpBody.newBuilder().setBody(ByteString.copyFromUtf8("data: ")))
              .build());
      assertThat(replies.poll(20, TimeUnit.SECONDS)).isNotNull();
      assertThat(replies.poll(20, TimeUnit.SECONDS)).isNotNull();
    }

    void answerWhole() throws InterruptedException {
      requests.onNext(
          ProcessingRequest.newBuilder()
              .setResponseHeaders(HttpHeaders.newBuilder().setEndOfStream(true))
              .build());
      assertThat(replies.poll(20, TimeUnit.SECONDS)).isNotNull();
      requests.onCompleted();
      assertThat(ended.poll(20, TimeUnit.SECONDS)).isEqualTo("OK");
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      replies.add(reply);
    }

    @Override
    public void onError(Throwable cause) {
      failed = cause;
      ended.add("refused");
    }

    @Override
    public void onCompleted() {
      ended.add("OK");
    }
  }
}
