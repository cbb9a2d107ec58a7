package io.penstock.proxy.config;

import io.penstock.picker.replica.ReplicaSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's whole configuration. Immutable; {@link Settings} has what each leaf means, its
 * default and its bounds, and {@link GatewayConfigLoader} makes it.
 *
 * @param listen where clients connect
 * @param admin the admin listener, or null for none
 * @param health the health listener, or null for none
 * @param warmUp most time for the {@code WarmUp} before the start; zero: none
 * @param pools at least one
 * @param tls TLS of {@code listen}, or null for none
 * @param replicas how replicas tell each other what they send, or null where they do not
 */
public record GatewayConfig(
    ListenAddress listen,
    @Nullable ListenAddress admin,
    @Nullable ListenAddress health,
    TransportKind transport,
    Duration warmUp,
    List<PoolConfig> pools,
    Timeouts timeouts,
    Limits limits,
    Sse sse,
    Retries retries,
    Ejection ejection,
    @Nullable Tls tls,
    Auth auth,
    Headers headers,
    Log log,
    Tracing tracing,
    @Nullable ReplicaSettings replicas) {

  /** Copies the pools. */
  public GatewayConfig {
    pools = List.copyOf(pools);
    if (pools.isEmpty()) {
      throw new IllegalArgumentException("pools: at least one is needed");
    }
  }

  /** Which kind of sockets the operating system is asked for. */
  public enum TransportKind {
    /** The best there is: epoll where the kernel has it, else NIO. */
    AUTO,
    /** Linux, readiness. */
    EPOLL,
    /** Linux, completion; measured slower than epoll for this work. */
    IO_URING,
    /** The JDK's own, everywhere. */
    NIO
  }

  /** How long things may take. */
  public record Timeouts(
      Duration requestHead,
      Duration requestBody,
      Duration queue,
      Duration connect,
      Duration firstByte,
      Duration answer,
      Duration streamIdle,
      Duration total,
      Duration clientStall,
      Duration preStop,
      Duration drain) {}

  /**
   * How much of something there may be.
   *
   * @param requestHead bytes
   * @param requestBody bytes
   * @param bufferedBodies bytes, or {@link #AUTO}
   * @param connections open client connections
   */
  public record Limits(int requestHead, int requestBody, long bufferedBodies, int connections) {

    /** {@code auto}. */
    public static final long AUTO = SettingType.AUTO;

    /** Bytes of bodies that may be held, where the process has that much direct memory. */
    public long bufferedBodies(long directMemoryBytes) {
      return bufferedBodies == AUTO ? directMemoryBytes / 4 : bufferedBodies;
    }
  }

  /**
   * Event streams.
   *
   * @param keepAlive silence before the first byte after which a comment is sent; zero: never
   */
  public record Sse(Duration keepAlive) {}

  /**
   * Attempts on further pods.
   *
   * @param budget retries as a share of requests in flight, 0..1
   */
  public record Retries(int perRequest, double budget) {}

  /**
   * Passive health.
   *
   * @param failures in a row that eject a pod; 0: never
   */
  public record Ejection(
      int failures, Duration duration, Duration maxDuration, Duration slowStart) {}

  /** Files of the listener's certificate chain and key. */
  public record Tls(Path certificate, Path key) {}

  /**
   * Authentication.
   *
   * @param keysFile the key file, or null for none
   */
  public record Auth(@Nullable Path keysFile) {}

  /** Headers of answers that say how they came about. */
  public record Headers(boolean decisionId, boolean serverTiming) {}

  /**
   * Logs.
   *
   * @param access whether requests get lines
   * @param sampleSuccesses share of those that went well that do, 0..1
   */
  public record Log(boolean access, double sampleSuccesses) {

    /** The share, below 0 where no request at all gets a line. */
    public double share() {
      return access ? sampleSuccesses : -1;
    }
  }

  /**
   * Spans.
   *
   * @param endpoint where they go, or null for nowhere
   * @param sample share of the traces that are recorded, 0..1
   * @param serviceName name of the service in traces
   * @param headers sent along, such as credentials; from the environment alone
   */
  public record Tracing(
      @Nullable URI endpoint, double sample, String serviceName, Map<String, String> headers) {
    /** Copies the headers. */
    public Tracing {
      headers = Map.copyOf(headers);
    }

    /** Says nothing of the headers. */
    @Override
    public String toString() {
      return "Tracing[" + endpoint + ", " + sample + ", " + serviceName + "]";
    }
  }
}
