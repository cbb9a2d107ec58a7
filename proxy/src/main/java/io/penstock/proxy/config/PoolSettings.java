package io.penstock.proxy.config;

import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.proxy.config.PoolConfig.Connector;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The one definition of every leaf of a pool, which only the file has: no flag and no variable.
 * Otherwise as {@link Settings}.
 */
final class PoolSettings {

  static final Setting<String> NAME =
      new Setting<>(
          "pools[].name", SettingType.NAME, null, "Name of the pool, for logs and metrics.");
  static final Setting<HostPort> ENDPOINT =
      new Setting<>(
          "pools[].discovery.static.endpoints[].address",
          SettingType.ENDPOINT,
          null,
          "A pod's address; beside it role (both, prefill or decode) and labels.");
  static final Setting<Path> FILE =
      new Setting<>(
          "pools[].discovery.file.path",
          SettingType.FILE,
          null,
          "File of endpoints in the format of llm-d's file-discovery, read again on change.");
  static final Setting<HostPort> DNS =
      new Setting<>(
          "pools[].discovery.dns.address",
          SettingType.ENDPOINT,
          null,
          "Name and port; every address the name resolves to is a pod.");
  static final Setting<Duration> DNS_INTERVAL =
      Setting.time(
          "pools[].discovery.dns.interval",
          "5s",
          "How often the name is resolved; once a second at most.");
  static final Setting<PodSelection.OfPool> KUBERNETES_POOL =
      new Setting<>(
          "pools[].discovery.kubernetes.pool",
          SettingType.INFERENCE_POOL,
          null,
          "InferencePool whose ready pods are the endpoints.");
  static final Setting<String> KUBERNETES_GROUP =
      new Setting<>(
          "pools[].discovery.kubernetes.group",
          SettingType.POOL_GROUP,
          PodSelection.OfPool.GROUP,
          "API group of that InferencePool: its v1, or the older v1alpha2.");
  static final Setting<String> KUBERNETES_NAMESPACE =
      new Setting<>(
          "pools[].discovery.kubernetes.namespace",
          SettingType.NAME,
          null,
          "With selector, instead of pool: the namespace of the pods.");
  static final Setting<String> KUBERNETES_SELECTOR =
      new Setting<>(
          "pools[].discovery.kubernetes.selector",
          SettingType.LABELS,
          null,
          "Labels that ready pods must have to be endpoints; needs no InferencePool.");
  static final Setting<String> KUBERNETES_PORTS =
      new Setting<>(
          "pools[].discovery.kubernetes.ports",
          SettingType.PORTS,
          null,
          "With selector: the ports of each pod; each is an endpoint.");
  static final Setting<Duration> SCRAPE_INTERVAL =
      Setting.time(
          "pools[].scrape.interval",
          "200ms",
          "Upper bound of the adaptive interval between two looks at a pod's /metrics.");

  static final Setting<Path> RULES_FILE =
      new Setting<>(
          "pools[].rulesFile",
          SettingType.FILE,
          null,
          "Manifests of InferenceObjective and InferenceModelRewrite, read again on change; beside"
              + " it objectives (name, priority) and modelRewrites (name, rules).");

  static final Setting<Path> TLS_CA =
      new Setting<>(
          "pools[].tls.ca",
          SettingType.FILE,
          null,
          "Authorities of pods' certificates in PEM, read again on change; without it, those of"
              + " Java. Any tls, even {}, turns TLS to the pods on.");
  static final Setting<String> TLS_SERVER_NAME =
      new Setting<>(
          "pools[].tls.serverName",
          SettingType.NAME,
          null,
          "Name that pods' certificates must be for; without it, the pod's address.");
  static final Setting<Boolean> TLS_INSECURE =
      new Setting<>(
          "pools[].tls.insecure",
          SettingType.BOOLEAN,
          "false",
          "Any certificate will do: encrypted, but to nobody in particular.");

  static final Setting<Connector> CONNECTOR =
      new Setting<>(
          "pools[].disaggregation.connector",
          SettingType.oneOf(Connector.class, Connector::text),
          "nixlv2",
          "How pods with role prefill hand prompts to those that answer.");
  static final Setting<DisaggregationPolicy.Decider> DECIDER =
      new Setting<>(
          "pools[].disaggregation.decider",
          SettingType.oneOf(DisaggregationPolicy.Decider.class),
          "cost",
          "Whether a prompt goes to a prefill pod: by expected cost, always, or never.");
  static final Setting<Integer> PROMPT_TOKENS =
      new Setting<>(
          "pools[].disaggregation.promptTokens",
          SettingType.integer(0, 100_000_000),
          "0",
          "Shorter prompts do not go there; 0: no bound.");
  static final Setting<Integer> NON_CACHED_TOKENS =
      new Setting<>(
          "pools[].disaggregation.nonCachedTokens",
          SettingType.integer(0, 100_000_000),
          "0",
          "Nor those of which fewer tokens are missing where they are answered; 0: no bound.");
  static final Setting<Long> KV_BYTES =
      new Setting<>(
          "pools[].disaggregation.kvBytesPerToken",
          SettingType.size(1 << 10, 1 << 30),
          "128KiB",
          "Size of a token's KV cache, for the cost of a transfer.");
  static final Setting<Long> BANDWIDTH =
      new Setting<>(
          "pools[].disaggregation.bandwidth",
          SettingType.size(1 << 20, 1L << 44),
          "12GiB",
          "Bytes per second between two pods, for the same.");
  static final Setting<Duration> OVERHEAD =
      new Setting<>(
          "pools[].disaggregation.overhead",
          SettingType.TIME_OR_NONE,
          "10ms",
          "What a second pod takes whatever the prompt, for the same.");
  static final Setting<Boolean> OVERFLOW =
      new Setting<>(
          "pools[].disaggregation.overflow",
          SettingType.BOOLEAN,
          "true",
          "Whether pods with role prefill answer too while either kind does not keep up, or nobody"
              + " else can; needs decider cost, and a connector other than sglang, whose prefill"
              + " servers cannot.");
  static final Setting<Duration> PREFILL_TIMEOUT =
      Setting.time(
          "pools[].disaggregation.prefillTimeout",
          "60s",
          "How long one pod may take for a prompt before another is asked.");

  static final Setting<Double> SHADOW_SAMPLE =
      new Setting<>(
          "pools[].shadow.sample",
          SettingType.share(),
          "0.1",
          "Share of the requests that a second policy decides on too, for comparison; shadow names"
              + " it like picker: policy, configFile or config.");

  private static final List<Setting<?>> OF_DISAGGREGATION =
      List.of(
          CONNECTOR,
          DECIDER,
          PROMPT_TOKENS,
          NON_CACHED_TOKENS,
          KV_BYTES,
          BANDWIDTH,
          OVERHEAD,
          OVERFLOW,
          PREFILL_TIMEOUT);

  private static final List<Setting<?>> ALL =
      List.of(
          NAME,
          ENDPOINT,
          FILE,
          DNS,
          DNS_INTERVAL,
          KUBERNETES_POOL,
          KUBERNETES_GROUP,
          KUBERNETES_NAMESPACE,
          KUBERNETES_SELECTOR,
          KUBERNETES_PORTS,
          SCRAPE_INTERVAL,
          RULES_FILE,
          TLS_CA,
          TLS_SERVER_NAME,
          TLS_INSECURE,
          CONNECTOR,
          DECIDER,
          PROMPT_TOKENS,
          NON_CACHED_TOKENS,
          KV_BYTES,
          BANDWIDTH,
          OVERHEAD,
          OVERFLOW,
          PREFILL_TIMEOUT,
          SHADOW_SAMPLE);

  private PoolSettings() {}

  /** Every leaf, in the order of the file. */
  static List<Setting<?>> all() {
    return ALL;
  }

  /** Those of its disaggregation. */
  static List<Setting<?>> disaggregation() {
    return OF_DISAGGREGATION;
  }
}
