package io.penstock.picker.extproc;

import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.extproc.tls.ServerTls;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.picker.schedule.OutlierDetector;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server with pools of endpoints that nobody asks anything: only the picker is under test. */
final class RunningPicker implements AutoCloseable {

  final CollectorRegistry registry = new CollectorRegistry();
  final HealthStates states = new HealthStates();
  final List<PoolPicker> pickers = new ArrayList<>();
  final ExtProcServer server;
  final ManagedChannel channel;
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

  RunningPicker(String... endpoints) throws IOException {
    this(ExtProcSettings.defaults(), ModelRule.PREFERRED, endpoints);
  }

  RunningPicker(ExtProcSettings settings, ModelRule rule, String... endpoints) throws IOException {
    this(settings, rule, List.of(List.of(endpoints)));
  }

  RunningPicker(@Nullable ServerTls tls, String... endpoints) throws IOException {
    this(ExtProcSettings.defaults(), ModelRule.PREFERRED, tls, List.of(List.of(endpoints)), 0);
  }

  /** Several pools, named pool-0 and so on. */
  RunningPicker(ExtProcSettings settings, ModelRule rule, List<List<String>> endpoints)
      throws IOException {
    this(settings, rule, null, endpoints, 0);
  }

  private RunningPicker(
      ExtProcSettings settings,
      ModelRule rule,
      @Nullable ServerTls tls,
      List<List<String>> endpoints,
      int unknownLoops)
      throws IOException {
    List<EventLoop> loops = new ArrayList<>();
    group.forEach(executor -> loops.add((EventLoop) executor));
    List<ExtProcPool> pools = new ArrayList<>();
    for (int i = 0; i < endpoints.size(); i++) {
      var health = new OutlierDetector(OutlierDetector.Settings.DEFAULT);
      var asked = loops.subList(unknownLoops, loops.size());
      var picker = picker("pool-" + i, rule, asked, health, endpoints.get(i));
      pickers.add(picker);
      pools.add(new ExtProcPool("pool-" + i, picker, health));
    }
    var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server =
        ExtProcServer.start(
            new ExtProcServer.Threads(group, loops, NioServerSocketChannel.class, System::nanoTime),
            loopback,
            loopback,
            pools,
            settings,
            new EppMetrics(registry),
            states,
            tls,
            42);
    channel = NettyChannelBuilder.forAddress(server.address()).usePlaintext().build();
  }

  private static PoolPicker picker(
      String name,
      ModelRule rule,
      List<EventLoop> loops,
      OutlierDetector health,
      List<String> addresses) {
    var picker =
        PoolPicker.builder(
                PoolPickerConfig.of(name, Set.of(), 7)
                    .withModelRule(rule)
                    .withIndex(new PrefixIndexConfig(64, 1024, 8 << 20, 1 << 14, 1)),
                loops.size())
            .eventLoops(loops)
            .health(health)
            .time(System::nanoTime, InstantSource.system())
            .build();
    List<EndpointSpec> specs = new ArrayList<>();
    for (var address : addresses) {
      int colon = address.lastIndexOf(':');
      var host = address.substring(0, colon).replace("[", "").replace("]", "");
      specs.add(EndpointSpec.of(host, Integer.parseInt(address.substring(colon + 1)), Role.BOTH));
    }
    picker.apply(new PoolDelta(specs, List.of()));
    await().until(() -> picker.snapshot().endpoints().size() == specs.size());
    return picker;
  }

  /** A picker that knows of one loop less than there are: on the last one each pick fails. */
  static RunningPicker broken(String... endpoints) throws IOException {
    return new RunningPicker(
        ExtProcSettings.defaults(), ModelRule.PREFERRED, null, List.of(List.of(endpoints)), 1);
  }

  GatewayStream stream() {
    return new GatewayStream(channel);
  }

  /** A stream that asks for a pool. */
  GatewayStream stream(String pool) {
    var headers = new Metadata();
    headers.put(Metadata.Key.of("x-penstock-pool", Metadata.ASCII_STRING_MARSHALLER), pool);
    return new GatewayStream(channel, headers);
  }

  /** A stream whose first message is these bytes. */
  GatewayStream raw(byte[] bytes) {
    return GatewayStream.raw(channel, bytes);
  }

  /** A connection to the port of health alone. */
  ManagedChannel healthChannel() {
    return NettyChannelBuilder.forAddress(server.healthAddress()).usePlaintext().build();
  }

  /** Ends what is due of placements that nobody observes, on each loop. */
  void expire() {
    int column = 0;
    for (var loop : group) {
      int own = column++;
      var _ =
          loop.submit(
                  () ->
                      pickers.forEach(picker -> picker.placements().expire(own, System.nanoTime())))
              .syncUninterruptibly();
    }
  }

  /**
   * Waits until nothing is held any more but for placements that nobody observes, and ends those.
   */
  void awaitExpired() {
    await()
        .untilAsserted(
            () -> {
              expire();
              org.assertj.core.api.Assertions.assertThat(held()).isZero();
            });
  }

  PoolPicker picker() {
    return pickers.getFirst();
  }

  /** What is reserved by requests in flight, and held of their bodies: 0 when nothing runs. */
  long held() {
    return pickers.stream().mapToLong(picker -> picker.inFlight().total()).sum()
        + server.heldBodyBytes()
        + server.openStreams();
  }

  /** Waits until nothing runs and nothing is held. */
  void awaitIdle() {
    await().untilAsserted(() -> org.assertj.core.api.Assertions.assertThat(held()).isZero());
  }

  /** A sample's value, 0 while there is none. */
  double metric(String name, String... labelsAndValues) {
    var labels = new String[labelsAndValues.length / 2];
    var values = new String[labels.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = labelsAndValues[2 * i];
      values[i] = labelsAndValues[2 * i + 1];
    }
    var value = registry.getSampleValue(name, labels, values);
    return value == null ? 0 : value;
  }

  /** Requests for the model tiny of a flow and a priority. */
  double requests(String flow, int priority) {
    return metric(
        "llm_d_epp_request_total",
        "model_name",
        "tiny",
        "target_model_name",
        "tiny",
        "fairness_id",
        flow,
        "priority",
        Integer.toString(priority));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
    pickers.forEach(PoolPicker::close);
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
