package io.penstock.picker.extproc;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.penstock.picker.extproc.tls.ServerTls;
import io.penstock.picker.grpc.GrpcMethod;
import io.penstock.picker.grpc.GrpcServer;
import io.penstock.picker.request.ScanLimits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC servers of the picker: ext-proc and health on one address, health alone on another. Both
 * run on event loops they are given, and nothing of them runs anywhere else: a stream's messages
 * are handled on the loop of its connection.
 *
 * <p>Started and closed by the wiring's thread; {@link #openStreams} may be called from anywhere.
 */
public final class ExtProcServer implements AutoCloseable {

  /** Name of the gRPC service. */
  public static final String SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor";

  /** By this header of the gRPC stream a gateway says which pool it wants; absent: the first. */
  public static final String POOL_HEADER = "x-penstock-pool";

  /** What a message may be longer than the body in it. */
  private static final int MESSAGE_SLACK_BYTES = 1 << 20;

  private static final Duration STOP = Duration.ofSeconds(5);

  private final List<LoopState> loops;
  private final ExtProcServices services;
  private final GrpcServer server;
  private final GrpcServer health;

  private ExtProcServer(
      List<LoopState> loops, ExtProcServices services, GrpcServer server, GrpcServer health) {
    this.loops = loops;
    this.services = services;
    this.server = server;
    this.health = health;
  }

  /**
   * What a server runs on.
   *
   * @param group its loops' group
   * @param loops every loop of the group, in the order of the pickers' columns
   * @param channels server channels that fit the loops
   * @param nanoClock the pickers' ticker
   */
  public record Threads(
      EventLoopGroup group,
      List<EventLoop> loops,
      Class<? extends ServerChannel> channels,
      LongSupplier nanoClock) {}

  /**
   * Binds and serves.
   *
   * @param address of ext-proc
   * @param healthAddress of health alone
   * @param pools at least one; the first is for gateways that ask for none
   * @param tls of the ext-proc address, null for plain text
   * @throws IOException when an address cannot be bound; nothing is left running then
   */
  public static ExtProcServer start(
      Threads threads,
      InetSocketAddress address,
      InetSocketAddress healthAddress,
      List<ExtProcPool> pools,
      ExtProcSettings settings,
      EppMetrics metrics,
      HealthStates states,
      @Nullable ServerTls tls,
      long seed)
      throws IOException {
    var services =
        new ExtProcServices(
            List.copyOf(pools), settings, new BodyBudget(settings.heldBodiesBytes()), metrics);
    metrics.endpoints(services::endpoints);
    var random = new SplittableRandom(seed);
    var usual = ScanLimits.DEFAULT;
    var limits =
        new ScanLimits(
            settings.maxBodyBytes(), usual.maxNesting(), usual.maxTokens(), usual.maxNameBytes());
    List<LoopState> loops = new ArrayList<>();
    for (var loop : threads.loops()) {
      loops.add(new LoopState(loop, loops.size(), limits, threads.nanoClock(), random.split()));
    }
    List<GrpcMethod> methods = new ArrayList<>(states.methods());
    methods.add(
        new ProcessMethod(
            List.copyOf(loops), services, (long) settings.maxBodyBytes() + MESSAGE_SLACK_BYTES));
    var server =
        GrpcServer.start(
            threads.group(),
            threads.channels(),
            address,
            tls == null ? null : tls.context(),
            methods);
    try {
      // A probe speaks plain gRPC, whatever gateways speak.
      var health =
          GrpcServer.start(
              threads.group(), threads.channels(), healthAddress, null, states.methods());
      return new ExtProcServer(List.copyOf(loops), services, server, health);
    } catch (IOException e) {
      server.close(STOP);
      throw e;
    }
  }

  /** Where gateways connect; the port is the real one if 0 was asked for. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Where probes connect. */
  public InetSocketAddress healthAddress() {
    return health.address();
  }

  /** What request bodies take that are held or on their way back, in bytes. */
  public long heldBodyBytes() {
    return services.budget().heldBytes();
  }

  /** Streams that have not ended. */
  public int openStreams() {
    int open = 0;
    for (var loop : loops) {
      open += loop.openStreams();
    }
    return open;
  }

  /** Accepts no more connections and streams; those that run go on. Health goes on too. */
  public void stopAccepting() {
    server.stopAccepting();
  }

  /**
   * Whether no stream will begin any more: since {@link #stopAccepting} all gateways have heard of
   * it, or had their time to.
   */
  public boolean acceptsNoMore() {
    return server.quiet();
  }

  /** Ends the streams that still run, each in the way that costs its request the least. */
  public void endStreams() {
    for (var loop : loops) {
      loop.eventLoop().execute(loop::endAll);
    }
  }

  /** Ends everything; streams that still run are ended first. */
  @Override
  public void close() {
    endStreams();
    server.close(STOP);
    health.close(Duration.ZERO);
  }
}
