package io.penstock.picker.extproc;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.penstock.picker.extproc.tls.ServerTls;
import io.penstock.picker.request.ScanLimits;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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

  private static final Metadata.Key<String> POOL =
      Metadata.Key.of(POOL_HEADER, Metadata.ASCII_STRING_MARSHALLER);

  private static final int WINDOW_BYTES = 1 << 20;

  /** What a message may be longer than the body in it. */
  private static final int MESSAGE_SLACK_BYTES = 1 << 20;

  /**
   * So many times the longest body is taken from the connection before gRPC ends the stream, which
   * cannot be answered any more: what lies between is answered with 413.
   */
  private static final long REFUSABLE = 4;

  private static final int STOP_SECONDS = 5;

  private final List<LoopState> loops;
  private final ExtProcServices services;
  private final Server server;
  private final Server health;

  private ExtProcServer(
      List<LoopState> loops, ExtProcServices services, Server server, Server health) {
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
    var random = new SplittableRandom(seed);
    var usual = ScanLimits.DEFAULT;
    var limits =
        new ScanLimits(
            settings.maxBodyBytes(), usual.maxNesting(), usual.maxTokens(), usual.maxNameBytes());
    List<LoopState> loops = new ArrayList<>();
    for (var loop : threads.loops()) {
      loops.add(new LoopState(loop, loops.size(), limits, threads.nanoClock(), random.split()));
    }
    var server =
        builder(threads, address, tls)
            .maxInboundMessageSize(
                (int) Math.min(Integer.MAX_VALUE, REFUSABLE * mostMessageBytes(settings)))
            .addService(service(List.copyOf(loops), services, mostMessageBytes(settings)))
            .addService(states.service())
            .build();
    // A probe speaks plain gRPC, whatever gateways speak.
    var health = builder(threads, healthAddress, null).addService(states.service()).build();
    server.start();
    try {
      health.start();
    } catch (IOException e) {
      server.shutdownNow();
      throw e;
    }
    return new ExtProcServer(List.copyOf(loops), services, server, health);
  }

  private static long mostMessageBytes(ExtProcSettings settings) {
    return (long) settings.maxBodyBytes() + MESSAGE_SLACK_BYTES;
  }

  private static NettyServerBuilder builder(
      Threads threads, InetSocketAddress address, @Nullable ServerTls tls) {
    var builder =
        NettyServerBuilder.forAddress(address)
            .channelType(threads.channels())
            .bossEventLoopGroup(threads.group())
            .workerEventLoopGroup(threads.group())
            .directExecutor()
            .flowControlWindow(WINDOW_BYTES)
            // Gateways ping as often as they like.
            .permitKeepAliveTime(1, TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true);
    return tls == null ? builder : builder.sslContext(tls.context());
  }

  private static ServerServiceDefinition service(
      List<LoopState> loops, ExtProcServices services, long mostMessageBytes) {
    ServerCallHandler<Incoming, Reply> handler =
        (ServerCall<Incoming, Reply> call, Metadata headers) -> {
          var pool = services.pool(headers.get(POOL));
          var stream = new ExtProcStream(call, current(loops), services, pool);
          stream.start();
          return stream;
        };
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(process(mostMessageBytes), handler)
        .build();
  }

  private static MethodDescriptor<Incoming, Reply> process(long mostMessageBytes) {
    return MethodDescriptor.<Incoming, Reply>newBuilder()
        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Process"))
        .setRequestMarshaller(new IncomingReader(mostMessageBytes))
        .setResponseMarshaller(new Reply.Writer())
        .build();
  }

  /** The state of the loop that runs this. */
  private static LoopState current(List<LoopState> loops) {
    for (int i = 0; i < loops.size(); i++) {
      if (loops.get(i).eventLoop().inEventLoop()) {
        return loops.get(i);
      }
    }
    throw new IllegalStateException("a stream outside of the event loops");
  }

  /** Where gateways connect; the port is the real one if 0 was asked for. */
  public InetSocketAddress address() {
    return inet(server);
  }

  /** Where probes connect. */
  public InetSocketAddress healthAddress() {
    return inet(health);
  }

  private static InetSocketAddress inet(Server server) {
    SocketAddress address = server.getListenSockets().getFirst();
    return (InetSocketAddress) address;
  }

  /** Bytes of request bodies held now. */
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
    server.shutdown();
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
    server.shutdown();
    health.shutdown();
    try {
      if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      server.shutdownNow();
    }
    health.shutdownNow();
  }
}
