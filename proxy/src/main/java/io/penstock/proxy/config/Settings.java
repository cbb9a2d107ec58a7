package io.penstock.proxy.config;

import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.proxy.config.GatewayConfig.TransportKind;
import io.penstock.proxy.config.PoolConfig.Connector;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one definition of every leaf. The file's reader, the flags, the variables, {@code
 * --print-config} and {@code docs/configuration.md} all come from here.
 */
public final class Settings {

  private static final Duration POSITIVE = Duration.ofMillis(1);
  private static final SettingType<Duration> TIME = SettingType.duration(POSITIVE);
  private static final SettingType<Duration> TIME_OR_NONE = SettingType.duration(Duration.ZERO);

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
          TIME_OR_NONE,
          "3s",
          "How long the process may rehearse over loopback before it listens, so that the first"
              + " requests meet compiled code.");

  static final Setting<Duration> TIMEOUT_REQUEST_HEAD =
      time("timeouts.requestHead", "10s", "For the head of a request, from its first byte.");
  static final Setting<Duration> TIMEOUT_REQUEST_BODY =
      time("timeouts.requestBody", "60s", "For the whole body of a request.");
  static final Setting<Duration> TIMEOUT_QUEUE =
      time("timeouts.queue", "30s", "For waiting, under flow control, until a pod has room.");
  static final Setting<Duration> TIMEOUT_CONNECT =
      time("timeouts.connect", "1s", "For connecting to a pod.");
  static final Setting<Duration> TIMEOUT_FIRST_BYTE =
      time("timeouts.firstByte", "300s", "For the first byte of a stream.");
  static final Setting<Duration> TIMEOUT_ANSWER =
      time("timeouts.answer", "30m", "For the first byte of an answer that is not streamed.");
  static final Setting<Duration> TIMEOUT_STREAM_IDLE =
      time("timeouts.streamIdle", "60s", "For silence of a pod inside a stream.");
  static final Setting<Duration> TIMEOUT_TOTAL =
      time("timeouts.total", "30m", "For a request from beginning to end.");
  static final Setting<Duration> TIMEOUT_CLIENT_STALL =
      time("timeouts.clientStall", "60s", "For a client that does not read its answer.");
  static final Setting<Duration> TIMEOUT_PRE_STOP =
      new Setting<>(
          "timeouts.preStop",
          TIME_OR_NONE,
          "10s",
          "How long new requests are still taken after SIGTERM, not ready, before draining.");
  static final Setting<Duration> TIMEOUT_DRAIN =
      new Setting<>(
          "timeouts.drain", TIME_OR_NONE, "180s", "How long running requests may finish.");

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
          TIME_OR_NONE,
          "15s",
          "A comment is sent after that much silence before the first byte of a stream.");

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
          "Failures in a row (5xx, reset, no connection; never 4xx) that eject a pod; 0: never.");
  static final Setting<Duration> EJECTION_DURATION =
      time("ejection.duration", "3s", "How long the first ejection lasts; each next one longer.");
  static final Setting<Duration> EJECTION_MAX_DURATION =
      time("ejection.maxDuration", "60s", "How long an ejection lasts at most.");
  static final Setting<Duration> EJECTION_SLOW_START =
      new Setting<>(
          "ejection.slowStart",
          TIME_OR_NONE,
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
          "API keys, as salted hashes, read again when it changes; turns authentication on.");
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

  static final Setting<String> POOL_NAME =
      new Setting<>(
          "pools[].name", SettingType.NAME, null, "Name of the pool, for logs and metrics.");
  static final Setting<HostPort> POOL_ENDPOINT =
      new Setting<>(
          "pools[].discovery.static.endpoints[].address",
          SettingType.ENDPOINT,
          null,
          "A pod's address; beside it role (both, prefill or decode) and labels.");
  static final Setting<Path> POOL_FILE =
      new Setting<>(
          "pools[].discovery.file.path",
          SettingType.FILE,
          null,
          "File of endpoints in the format of llm-d's file-discovery, read again on change.");
  static final Setting<HostPort> POOL_DNS =
      new Setting<>(
          "pools[].discovery.dns.address",
          SettingType.ENDPOINT,
          null,
          "Name and port; every address the name resolves to is a pod.");
  static final Setting<Duration> POOL_DNS_INTERVAL =
      time("pools[].discovery.dns.interval", "5s", "How often the name is resolved.");
  static final Setting<PodSelection.OfPool> POOL_KUBERNETES_POOL =
      new Setting<>(
          "pools[].discovery.kubernetes.pool",
          SettingType.INFERENCE_POOL,
          null,
          "InferencePool whose ready pods are the endpoints.");
  static final Setting<String> POOL_KUBERNETES_GROUP =
      new Setting<>(
          "pools[].discovery.kubernetes.group",
          SettingType.POOL_GROUP,
          PodSelection.OfPool.GROUP,
          "API group of that InferencePool: its v1, or the older v1alpha2.");
  static final Setting<String> POOL_KUBERNETES_NAMESPACE =
      new Setting<>(
          "pools[].discovery.kubernetes.namespace",
          SettingType.NAME,
          null,
          "With selector, instead of pool: the namespace of the pods.");
  static final Setting<String> POOL_KUBERNETES_SELECTOR =
      new Setting<>(
          "pools[].discovery.kubernetes.selector",
          SettingType.LABELS,
          null,
          "Labels that ready pods must have to be endpoints; needs no InferencePool.");
  static final Setting<String> POOL_KUBERNETES_PORTS =
      new Setting<>(
          "pools[].discovery.kubernetes.ports",
          SettingType.PORTS,
          null,
          "With selector: the ports of each pod; each is an endpoint.");
  static final Setting<Duration> POOL_SCRAPE_INTERVAL =
      time(
          "pools[].scrape.interval",
          "200ms",
          "Upper bound of the adaptive interval between two looks at a pod's /metrics.");

  static final Setting<Path> POOL_RULES_FILE =
      new Setting<>(
          "pools[].rulesFile",
          SettingType.FILE,
          null,
          "Manifests of InferenceObjective and InferenceModelRewrite, read again on change; beside"
              + " it objectives (name, priority) and modelRewrites (name, rules).");

  static final Setting<Path> POOL_TLS_CA =
      new Setting<>(
          "pools[].tls.ca",
          SettingType.FILE,
          null,
          "Authorities of pods' certificates in PEM, read again on change; without it, those of"
              + " Java. Any tls, even {}, turns TLS to the pods on.");
  static final Setting<String> POOL_TLS_SERVER_NAME =
      new Setting<>(
          "pools[].tls.serverName",
          SettingType.NAME,
          null,
          "Name that pods' certificates must be for; without it, the pod's address.");
  static final Setting<Boolean> POOL_TLS_INSECURE =
      new Setting<>(
          "pools[].tls.insecure",
          SettingType.BOOLEAN,
          "false",
          "Any certificate will do: encrypted, but to nobody in particular.");

  static final Setting<Connector> POOL_CONNECTOR =
      new Setting<>(
          "pools[].disaggregation.connector",
          SettingType.oneOf(Connector.class, Connector::text),
          "nixlv2",
          "How pods with role prefill hand prompts to those that answer.");
  static final Setting<DisaggregationPolicy.Decider> POOL_DECIDER =
      new Setting<>(
          "pools[].disaggregation.decider",
          SettingType.oneOf(DisaggregationPolicy.Decider.class),
          "cost",
          "Whether a prompt goes to a prefill pod: by expected cost, always, or never.");
  static final Setting<Integer> POOL_PROMPT_TOKENS =
      new Setting<>(
          "pools[].disaggregation.promptTokens",
          SettingType.integer(0, 100_000_000),
          "0",
          "Shorter prompts do not go there; 0: no bound.");
  static final Setting<Integer> POOL_NON_CACHED_TOKENS =
      new Setting<>(
          "pools[].disaggregation.nonCachedTokens",
          SettingType.integer(0, 100_000_000),
          "0",
          "Nor those of which fewer tokens are missing where they are answered; 0: no bound.");
  static final Setting<Long> POOL_KV_BYTES =
      new Setting<>(
          "pools[].disaggregation.kvBytesPerToken",
          SettingType.size(1 << 10, 1 << 30),
          "128KiB",
          "Size of a token's KV cache, for the cost of a transfer.");
  static final Setting<Long> POOL_BANDWIDTH =
      new Setting<>(
          "pools[].disaggregation.bandwidth",
          SettingType.size(1 << 20, 1L << 44),
          "12GiB",
          "Bytes per second between two pods, for the same.");
  static final Setting<Duration> POOL_OVERHEAD =
      new Setting<>(
          "pools[].disaggregation.overhead",
          TIME_OR_NONE,
          "10ms",
          "What a second pod takes whatever the prompt, for the same.");
  static final Setting<Duration> POOL_PREFILL_TIMEOUT =
      time(
          "pools[].disaggregation.prefillTimeout",
          "60s",
          "How long one pod may take for a prompt before another is asked.");

  static final Setting<Double> POOL_SHADOW_SAMPLE =
      new Setting<>(
          "pools[].shadow.sample",
          SettingType.share(),
          "0.1",
          "Share of the requests that a second policy decides on too, for comparison; shadow names"
              + " it like picker: policy, configFile or config.");

  private static final List<Setting<?>> POOL_DISAGGREGATION =
      List.of(
          POOL_CONNECTOR,
          POOL_DECIDER,
          POOL_PROMPT_TOKENS,
          POOL_NON_CACHED_TOKENS,
          POOL_KV_BYTES,
          POOL_BANDWIDTH,
          POOL_OVERHEAD,
          POOL_PREFILL_TIMEOUT);

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
          TRACING_SERVICE);

  private static final List<Setting<?>> POOL =
      List.of(
          POOL_NAME,
          POOL_ENDPOINT,
          POOL_FILE,
          POOL_DNS,
          POOL_DNS_INTERVAL,
          POOL_KUBERNETES_POOL,
          POOL_KUBERNETES_GROUP,
          POOL_KUBERNETES_NAMESPACE,
          POOL_KUBERNETES_SELECTOR,
          POOL_KUBERNETES_PORTS,
          POOL_SCRAPE_INTERVAL,
          POOL_RULES_FILE,
          POOL_TLS_CA,
          POOL_TLS_SERVER_NAME,
          POOL_TLS_INSECURE,
          POOL_CONNECTOR,
          POOL_DECIDER,
          POOL_PROMPT_TOKENS,
          POOL_NON_CACHED_TOKENS,
          POOL_KV_BYTES,
          POOL_BANDWIDTH,
          POOL_OVERHEAD,
          POOL_PREFILL_TIMEOUT,
          POOL_SHADOW_SAMPLE);

  private Settings() {}

  /** Every leaf that has a flag and a variable, in the order of the file. */
  public static List<Setting<?>> all() {
    return ALL;
  }

  /** The leaves of a pool. */
  static List<Setting<?>> pool() {
    return POOL;
  }

  /** Those of its disaggregation. */
  static List<Setting<?>> poolDisaggregation() {
    return POOL_DISAGGREGATION;
  }

  private static Setting<Duration> time(String path, String standard, String doc) {
    return new Setting<>(path, TIME, standard, doc);
  }
}
