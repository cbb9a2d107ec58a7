package io.penstock.simulator;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.http.PodServer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Simulated pods on shared event loops. Thread-safe. Each pod lives on one of the loops; closing
 * the fleet kills its pods, and ends the loops if they are its own.
 */
public final class Fleet implements AutoCloseable {

  private final IoEventLoopGroup loops;
  private final boolean ownLoops;
  private final Class<? extends ServerChannel> channelType;
  private final InstantSource time;
  private final List<SimulatedPod> pods = new CopyOnWriteArrayList<>();

  private Fleet(Builder builder) {
    IoEventLoopGroup given = builder.loops;
    ownLoops = given == null;
    loops = given == null ? newLoops(builder.threads) : given;
    channelType =
        loops.isIoType(EpollIoHandler.class)
            ? EpollServerSocketChannel.class
            : NioServerSocketChannel.class;
    time = builder.time;
  }

  /** A fleet with one event loop of its own and one pod for each configuration. */
  public static Fleet of(PodConfig... configs) {
    Fleet fleet = builder().build();
    for (PodConfig config : configs) {
      fleet.start(config);
    }
    return fleet;
  }

  /** A builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Starts a pod; returns when it accepts connects. */
  public SimulatedPod start(PodConfig config) {
    var server = new PodServer(config, loops.next(), channelType, time);
    server.start();
    var pod = new SimulatedPod(server);
    pods.add(pod);
    return pod;
  }

  /** The pods in the order of their start, stopped ones too. */
  public List<SimulatedPod> pods() {
    return new ArrayList<>(pods);
  }

  /** The pod started as number {@code index}. */
  public SimulatedPod pod(int index) {
    return pods.get(index);
  }

  /** Kills all pods. */
  @Override
  public void close() {
    pods.forEach(SimulatedPod::kill);
    if (ownLoops) {
      loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
  }

  private static IoEventLoopGroup newLoops(int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /** Collects a {@link Fleet}. */
  public static final class Builder {

    private @Nullable IoEventLoopGroup loops;
    private int threads = 1;
    private InstantSource time = InstantSource.system();

    private Builder() {}

    /** Event loops of someone else, NIO or epoll, who also ends them. */
    public Builder eventLoops(IoEventLoopGroup group) {
      loops = group;
      return this;
    }

    /** How many event loops of its own; default 1. */
    public Builder threads(int count) {
      threads = count;
      return this;
    }

    /** Time of date headers and creation times; default the system's. */
    public Builder time(InstantSource source) {
      time = source;
      return this;
    }

    /** The fleet, without pods. */
    public Fleet build() {
      return new Fleet(this);
    }
  }
}
