package io.penstock.proxy.config;

import io.penstock.picker.replica.RedisAddress;
import io.penstock.picker.replica.ReplicaSettings;
import io.penstock.proxy.config.GatewayConfig.TransportKind;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The one definition of every leaf but those of pools, which are {@link PoolSettings}. The file's
 * reader, the flags, the variables, {@code --print-config} and {@code docs/configuration.md} all
 * come from here.
 */
public final class Settings {

  static final Setting<ListenAddress> LISTEN =
      new Setting<>("listen", SettingType.ADDRESS, "127.0.0.1:8080", "Where clients connect.");
  static final Setting<@Nullable ListenAddress> ADMIN =
      new Setting<>(
          "admin",
          SettingType.ADDRESS_OR_OFF,
          "127.0.0.1:9090",
          "Admin listener, for people: health, metrics, configuration, decisions, drain.");
  static final Setting<@Nullable ListenAddress> HEALTH =
      new Setting<>(
          "health",
          SettingType.ADDRESS_OR_OFF,
          "",
          "Listener with /livez, /readyz and /metrics only, for kubelet and Prometheus.");

  static final Setting<TransportKind> TRANSPORT =
      new Setting<>(
          "transport",
          SettingType.oneOf(TransportKind.class),
          "auto",
          "Sockets of the operating system; auto: epoll where the kernel has it, else nio.");

  static final Setting<Duration> WARM_UP =
      new Setting<>(
          "warmUp",
          SettingType.TIME_OR_NONE,
          "3s",
          "How long the process may rehearse over loopback before it listens, so that the first"
              + " requests meet compiled code.");

  static final Setting<Duration> TIMEOUT_REQUEST_HEAD =
      Setting.time(
          "timeouts.requestHead", "10s", "For the head of a request, from its first byte.");
  static final Setting<Duration> TIMEOUT_REQUEST_BODY =
      Setting.time("timeouts.requestBody", "60s", "For the whole body of a request.");
  static final Setting<Duration> TIMEOUT_QUEUE =
      Setting.time(
          "timeouts.queue",
          "30s",
          "For waiting, under flow control, until a pod has room; while there is no pod,"
              + " flowControl.noEndpointRequestTTL.");
  static final Setting<Duration> TIMEOUT_CONNECT =
      Setting.time("timeouts.connect", "1s", "For connecting to a pod.");
  static final Setting<Duration> TIMEOUT_FIRST_BYTE =
      Setting.time(
          "timeouts.firstByte",
          "300s",
          "For the first byte of a stream; events that only announce a response do not count.");
  static final Setting<Duration> TIMEOUT_ANSWER =
      Setting.time(
          "timeouts.answer", "30m", "For the first byte of an answer that is not streamed.");
  static final Setting<Duration> TIMEOUT_STREAM_IDLE =
      Setting.time("timeouts.streamIdle", "60s", "For silence of a pod inside a stream.");
  static final Setting<Duration> TIMEOUT_TOTAL =
      Setting.time("timeouts.total", "30m", "For a request from beginning to end.");
  static final Setting<Duration> TIMEOUT_CLIENT_STALL =
      Setting.time("timeouts.clientStall", "60s", "For a client that does not read its answer.");
  static final Setting<Duration> TIMEOUT_PRE_STOP =
      new Setting<>(
          "timeouts.preStop",
          SettingType.TIME_OR_NONE,
          "10s",
          "How long new requests are still taken after SIGTERM, not ready, before draining.");
  static final Setting<Duration> TIMEOUT_DRAIN =
      new Setting<>(
          "timeouts.drain",
          SettingType.TIME_OR_NONE,
          "180s",
          "How long running requests may finish.");

  static final Setting<Long> LIMIT_REQUEST_HEAD =
      new Setting<>(
          "limits.requestHead",
          SettingType.size(1 << 10, 1 << 20),
          "32KiB",
          "Request line and headers; more is 431.");
  static final Setting<Long> LIMIT_REQUEST_BODY =
      new Setting<>(
          "limits.requestBody",
          SettingType.size(1 << 10, 512 << 20),
          "50MiB",
          "Body of a request; more is 413.");
  static final Setting<Long> LIMIT_BUFFERED_BODIES =
      new Setting<>(
          "limits.bufferedBodies",
          SettingType.SIZE_OR_AUTO,
          "auto",
          "Sum of bodies held in memory; more is 503. auto: a quarter of direct memory.");
  static final Setting<Integer> LIMIT_CONNECTIONS =
      new Setting<>(
          "limits.connections",
          SettingType.integer(1, 10_000_000),
          "20000",
          "Open client connections; more are closed at once.");

  static final Setting<Duration> SSE_KEEP_ALIVE =
      new Setting<>(
          "sse.keepAlive",
          SettingType.TIME_OR_NONE,
          "15s",
          "A comment is sent after that much silence before the first token of a stream.");

  static final Setting<Integer> RETRIES_PER_REQUEST =
      new Setting<>(
          "retries.perRequest",
          SettingType.integer(0, 10),
          "2",
          "Further pods tried before the first byte of an answer.");
  static final Setting<Double> RETRIES_BUDGET =
      new Setting<>(
          "retries.budget",
          SettingType.share(),
          "0.2",
          "Retries of what a pod may have begun, as a share of the requests in flight, so that they"
              + " do not multiply a failure.");

  static final Setting<Integer> EJECTION_FAILURES =
      new Setting<>(
          "ejection.failures",
          SettingType.integer(0, 1_000),
          "3",
          "Failures in a row (5xx but 503, reset, no connection; never 4xx) that eject a pod; 0:"
              + " never.");
  static final Setting<Duration> EJECTION_DURATION =
      Setting.time(
          "ejection.duration", "3s", "How long the first ejection lasts; each next one longer.");
  static final Setting<Duration> EJECTION_MAX_DURATION =
      Setting.time("ejection.maxDuration", "60s", "How long an ejection lasts at most.");
  static final Setting<Duration> EJECTION_SLOW_START =
      new Setting<>(
          "ejection.slowStart",
          SettingType.TIME_OR_NONE,
          "10s",
          "How long a pod that returns takes to get its full share.");

  static final Setting<@Nullable Path> TLS_CERTIFICATE =
      new Setting<>(
          "tls.certificate",
          SettingType.FILE_OR_OFF,
          "",
          "Certificate chain in PEM, read again when it changes; with tls.key, turns TLS on.");
  static final Setting<@Nullable Path> TLS_KEY =
      new Setting<>(
          "tls.key", SettingType.FILE_OR_OFF, "", "Private key in PEM (PKCS#8), not encrypted.");
  static final Setting<@Nullable Path> AUTH_KEYS_FILE =
      new Setting<>(
          "auth.keysFile",
          SettingType.FILE_OR_OFF,
          "",
          "API keys of up to 512 characters, as salted hashes, read again when it changes; turns"
              + " authentication on. A stored response is there for the key that made it, by its"
              + " name.");
  static final Setting<Boolean> HEADERS_DECISION_ID =
      new Setting<>(
          "headers.decisionId",
          SettingType.BOOLEAN,
          "false",
          "Answers say in x-gateway-decision-id which decision chose their pod.");
  static final Setting<Boolean> HEADERS_SERVER_TIMING =
      new Setting<>(
          "headers.serverTiming",
          SettingType.BOOLEAN,
          "false",
          "Answers say in server-timing how long queue, pick, connect and first byte took.");
  static final Setting<Boolean> LOG_ACCESS =
      new Setting<>("log.access", SettingType.BOOLEAN, "true", "One JSON line per request.");

  static final Setting<Double> LOG_SAMPLE =
      new Setting<>(
          "log.sampleSuccesses",
          SettingType.share(),
          "1",
          "Share of the requests that get theirs if they went well at once; all others do.");

  static final Setting<@Nullable URI> TRACING_ENDPOINT =
      new Setting<>(
          "tracing.endpoint",
          SettingType.URL_OR_OFF,
          "",
          "Where spans go, by OTLP over HTTP; turns tracing on.");
  static final Setting<Double> TRACING_SAMPLE =
      new Setting<>(
          "tracing.sample",
          SettingType.share(),
          "1",
          "Share of the traces that are recorded, of those that no client has decided about.");
  static final Setting<String> TRACING_SERVICE =
      new Setting<>(
          "tracing.serviceName", SettingType.NAME, "penstock", "Name of the service in traces.");

  static final Setting<@Nullable RedisAddress> REPLICAS_REDIS =
      new Setting<>(
          "replicas.redis",
          SettingType.REDIS_OR_OFF,
          "",
          "Redis or Valkey through which replicas tell each other what they send, so that each picks"
              + " as if it had sent everything itself.");
  static final Setting<@Nullable Path> REPLICAS_PASSWORD_FILE =
      new Setting<>(
          "replicas.passwordFile",
          SettingType.FILE_OR_OFF,
          "",
          "Its password, read at each connection.");
  static final Setting<@Nullable Path> REPLICAS_CA =
      new Setting<>(
          "replicas.ca",
          SettingType.FILE_OR_OFF,
          "",
          "Authorities of its certificate in PEM, with rediss://; empty: those of Java.");
  static final Setting<String> REPLICAS_CHANNEL =
      new Setting<>(
          "replicas.channel",
          SettingType.NAME,
          ReplicaSettings.CHANNEL,
          "Beginning of the channels' names; replicas with the same one hear each other.");

  private static final List<Setting<?>> ALL =
      List.of(
          LISTEN,
          ADMIN,
          HEALTH,
          TRANSPORT,
          WARM_UP,
          TIMEOUT_REQUEST_HEAD,
          TIMEOUT_REQUEST_BODY,
          TIMEOUT_QUEUE,
          TIMEOUT_CONNECT,
          TIMEOUT_FIRST_BYTE,
          TIMEOUT_ANSWER,
          TIMEOUT_STREAM_IDLE,
          TIMEOUT_TOTAL,
          TIMEOUT_CLIENT_STALL,
          TIMEOUT_PRE_STOP,
          TIMEOUT_DRAIN,
          LIMIT_REQUEST_HEAD,
          LIMIT_REQUEST_BODY,
          LIMIT_BUFFERED_BODIES,
          LIMIT_CONNECTIONS,
          SSE_KEEP_ALIVE,
          RETRIES_PER_REQUEST,
          RETRIES_BUDGET,
          EJECTION_FAILURES,
          EJECTION_DURATION,
          EJECTION_MAX_DURATION,
          EJECTION_SLOW_START,
          TLS_CERTIFICATE,
          TLS_KEY,
          AUTH_KEYS_FILE,
          HEADERS_DECISION_ID,
          HEADERS_SERVER_TIMING,
          LOG_ACCESS,
          LOG_SAMPLE,
          TRACING_ENDPOINT,
          TRACING_SAMPLE,
          TRACING_SERVICE,
          REPLICAS_REDIS,
          REPLICAS_PASSWORD_FILE,
          REPLICAS_CA,
          REPLICAS_CHANNEL);

  /** What a changed file changes at once; the rest waits for the next start. */
  private static final Set<Setting<?>> LIVE =
      Set.of(
          TIMEOUT_REQUEST_HEAD,
          TIMEOUT_REQUEST_BODY,
          TIMEOUT_QUEUE,
          TIMEOUT_FIRST_BYTE,
          TIMEOUT_ANSWER,
          TIMEOUT_STREAM_IDLE,
          TIMEOUT_TOTAL,
          TIMEOUT_CLIENT_STALL,
          LIMIT_REQUEST_BODY,
          SSE_KEEP_ALIVE,
          RETRIES_PER_REQUEST,
          HEADERS_DECISION_ID,
          HEADERS_SERVER_TIMING,
          LOG_ACCESS,
          LOG_SAMPLE);

  private Settings() {}

  /** Whether a changed file changes it at once. */
  static boolean isLive(Setting<?> setting) {
    return LIVE.contains(setting);
  }

  /** Every leaf that has a flag and a variable, in the order of the file. */
  public static List<Setting<?>> all() {
    return ALL;
  }
}
