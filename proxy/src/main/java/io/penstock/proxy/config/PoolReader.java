package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.YamlMapping;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.pool.Role;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.config.PoolConfig.Connector;
import io.penstock.proxy.config.PoolConfig.Disaggregation;
import io.penstock.proxy.config.PoolConfig.Discovery;
import io.penstock.proxy.config.PoolConfig.RoutingPolicy;
import io.penstock.proxy.config.PoolConfig.Rules;
import io.penstock.proxy.config.PoolConfig.Scrape;
import io.penstock.proxy.config.PoolConfig.StaticEndpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code pools} of the file, and the pool that flags make. Pure functions. */
final class PoolReader {

  private static final List<String> SOURCES = List.of("static", "file", "dns", "kubernetes");
  private static final Map<String, Role> ROLES =
      Map.of("both", Role.BOTH, "prefill", Role.PREFILL, "decode", Role.DECODE);

  private PoolReader() {}

  /** The pools of the file; what is wrong is noted with the mapping. */
  static List<PoolConfig> read(YamlMapping root, Path file, List<String> warnings) {
    List<PoolConfig> pools = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (var mapping : root.mappings("pools")) {
      mapping.refuseAllBut(
          List.of(
              "name",
              "models",
              "discovery",
              "picker",
              "shadow",
              "scrape",
              "tls",
              "disaggregation",
              "objectives",
              "modelRewrites",
              "rulesFile"));
      var name = required(mapping, PoolSettings.NAME);
      if (name != null && !names.add(name)) {
        mapping.error("name", "'" + name + "' is the name of a pool above");
      }
      var models = mapping.texts("models");
      if (mapping.has("models") && models.isEmpty()) {
        mapping.error("models", "is empty; leave it out to serve whatever the pods list");
      }
      var policy = PolicyReader.read(mapping.mapping("picker"), file, warnings);
      var shadow = PolicyReader.shadow(mapping.mapping("shadow"), file, warnings);
      var discovery = discovery(mapping, file);
      var interval = scrapeInterval(mapping.mapping("scrape"));
      var tls = tls(mapping.mapping("tls"), file);
      var disaggregation = disaggregation(mapping.mapping("disaggregation"), null);
      var rules = RuleSettings.read(mapping, name, discovery, file, warnings);
      if (name != null && discovery != null) {
        pools.add(
            new PoolConfig(
                name,
                models,
                discovery,
                policy,
                new Scrape(interval),
                tls,
                shadow,
                disaggregation,
                rules));
      }
    }
    return pools;
  }

  /**
   * One static pool of {@code --endpoints}, {@code --prefill-endpoints} and {@code
   * --decode-endpoints}.
   *
   * @param endpoints the flags' values, by what their pods do
   */
  static List<PoolConfig> fromFlags(
      Map<Role, String> endpoints,
      List<String> models,
      @Nullable String decider,
      PodTls.@Nullable Settings tls,
      List<ConfigError> errors) {
    List<StaticEndpoint> list = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (var role : List.of(Role.BOTH, Role.PREFILL, Role.DECODE)) {
      var value = endpoints.get(role);
      if (value != null) {
        fromFlag(flag(role), value, role, seen, list, errors);
      }
    }
    if (decider != null && !GatewayConfigLoader.parses(PoolSettings.DECIDER, decider)) {
      errors.add(
          ConfigError.of(
              "--disaggregation",
              "",
              GatewayConfigLoader.complaint(PoolSettings.DECIDER, decider)));
      return List.of();
    }
    var first = models.isEmpty() ? "default" : models.getFirst();
    var name = GatewayConfigLoader.parses(PoolSettings.NAME, first) ? first : "default";
    return List.of(
        new PoolConfig(
            name,
            models,
            new Discovery.Static(list),
            RoutingPolicy.EXPECTED_COST,
            new Scrape(scrapeInterval(null)),
            tls,
            null,
            disaggregation(null, decider),
            Rules.NONE));
  }

  /** The flag that lists pods of that role. */
  static String flag(Role role) {
    return switch (role) {
      case BOTH -> "--endpoints";
      case PREFILL -> "--prefill-endpoints";
      case DECODE -> "--decode-endpoints";
      case ENCODE -> throw new IllegalArgumentException("no flag lists pods that only encode");
    };
  }

  private static void fromFlag(
      String flag,
      String value,
      Role role,
      Set<String> seen,
      List<StaticEndpoint> list,
      List<ConfigError> errors) {
    for (var text : value.split(",", -1)) {
      var address = text.strip();
      if (!GatewayConfigLoader.parses(PoolSettings.ENDPOINT, address)) {
        errors.add(
            ConfigError.of(
                flag, "", GatewayConfigLoader.complaint(PoolSettings.ENDPOINT, address)));
      } else if (!seen.add(address)) {
        errors.add(ConfigError.of(flag, "", "'" + address + "' is there twice"));
      } else {
        var parts = PoolSettings.ENDPOINT.type().parse(address);
        list.add(new StaticEndpoint(parts.host(), parts.port(), role, Map.of()));
      }
    }
  }

  /** The pool of {@code --pool}. */
  static List<PoolConfig> fromInferencePool(
      String text, List<String> models, PodTls.@Nullable Settings tls, List<ConfigError> errors) {
    if (!GatewayConfigLoader.parses(PoolSettings.KUBERNETES_POOL, text)) {
      errors.add(
          ConfigError.of(
              "--pool", "", GatewayConfigLoader.complaint(PoolSettings.KUBERNETES_POOL, text)));
      return List.of();
    }
    var pool = PoolSettings.KUBERNETES_POOL.type().parse(text);
    return List.of(
        new PoolConfig(
            pool.name(),
            models,
            new Discovery.Kubernetes(pool),
            RoutingPolicy.EXPECTED_COST,
            new Scrape(scrapeInterval(null)),
            tls,
            null,
            disaggregation(null, null),
            Rules.NONE));
  }

  private static @Nullable Discovery discovery(YamlMapping pool, Path file) {
    var mapping = pool.mapping("discovery");
    if (mapping == null) {
      if (!pool.has("discovery")) {
        pool.error("discovery", "is missing; allowed: one of " + String.join(", ", SOURCES));
      }
      return null;
    }
    mapping.refuseAllBut(SOURCES);
    var given = new ArrayList<>(SOURCES);
    given.retainAll(mapping.names());
    if (given.size() != 1) {
      if (!given.isEmpty() || mapping.names().isEmpty()) {
        pool.error(
            "discovery",
            "has " + given.size() + " sources; allowed: one of " + String.join(", ", SOURCES));
      }
      return null;
    }
    var source = mapping.mapping(given.getFirst());
    if (source == null) {
      return null;
    }
    return switch (given.getFirst()) {
      case "static" -> staticSource(source);
      case "file" -> fileSource(source, file);
      case "dns" -> dnsSource(source);
      default -> kubernetesSource(source);
    };
  }

  private static Discovery staticSource(YamlMapping source) {
    source.refuseAllBut(List.of("endpoints"));
    if (!source.has("endpoints")) {
      source.error("endpoints", "is missing; allowed: a list of {address: host:port}");
    }
    List<StaticEndpoint> endpoints = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (var mapping : source.mappings("endpoints")) {
      mapping.refuseAllBut(List.of("address", "role", "labels"));
      var address = required(mapping, PoolSettings.ENDPOINT);
      var role = role(mapping);
      var labels = labels(mapping.mapping("labels"));
      if (address != null) {
        if (!seen.add(address.toString())) {
          mapping.error("address", "'" + address + "' is there twice");
        }
        endpoints.add(new StaticEndpoint(address.host(), address.port(), role, labels));
      }
    }
    return new Discovery.Static(endpoints);
  }

  private static @Nullable Discovery fileSource(YamlMapping source, Path file) {
    source.refuseAllBut(List.of("path"));
    var path = required(source, PoolSettings.FILE);
    return path == null ? null : new Discovery.EndpointFile(file.resolveSibling(path));
  }

  private static @Nullable Discovery dnsSource(YamlMapping source) {
    source.refuseAllBut(List.of("address", "interval"));
    var address = required(source, PoolSettings.DNS);
    var interval = optional(source, PoolSettings.DNS_INTERVAL);
    return address == null ? null : new Discovery.Dns(address.host(), address.port(), interval);
  }

  private static @Nullable Discovery kubernetesSource(YamlMapping source) {
    if (source.has("selector")) {
      source.refuseAllBut(List.of("namespace", "selector", "ports"));
      var namespace = required(source, PoolSettings.KUBERNETES_NAMESPACE);
      var selector = required(source, PoolSettings.KUBERNETES_SELECTOR);
      var ports = required(source, PoolSettings.KUBERNETES_PORTS);
      return namespace == null || selector == null || ports == null
          ? null
          : new Discovery.Kubernetes(PodSelection.OfLabels.parse(namespace, selector, ports));
    }
    source.refuseAllBut(List.of("pool", "group"));
    var pool = required(source, PoolSettings.KUBERNETES_POOL);
    var group =
        source.has("group")
            ? required(source, PoolSettings.KUBERNETES_GROUP)
            : PodSelection.OfPool.GROUP;
    return pool == null || group == null
        ? null
        : new Discovery.Kubernetes(new PodSelection.OfPool(group, pool.namespace(), pool.name()));
  }

  private static Role role(YamlMapping mapping) {
    var text = mapping.text("role");
    if (text == null) {
      return Role.BOTH;
    }
    var role = ROLES.get(text.toLowerCase(Locale.ROOT));
    if (role == null) {
      mapping.error("role", "'" + text + "' does not fit; allowed: both, prefill, decode");
      return Role.BOTH;
    }
    return role;
  }

  private static Map<String, String> labels(@Nullable YamlMapping mapping) {
    Map<String, String> labels = new LinkedHashMap<>();
    if (mapping != null) {
      for (var name : mapping.names()) {
        var value = mapping.text(name);
        labels.put(name, value == null ? "" : value);
      }
    }
    return labels;
  }

  private static PodTls.@Nullable Settings tls(@Nullable YamlMapping mapping, Path file) {
    if (mapping == null) {
      return null;
    }
    mapping.refuseAllBut(List.of("ca", "serverName", "insecure"));
    var ca = mapping.has("ca") ? required(mapping, PoolSettings.TLS_CA) : null;
    var name = mapping.has("serverName") ? required(mapping, PoolSettings.TLS_SERVER_NAME) : null;
    boolean insecure =
        mapping.has("insecure")
            && Boolean.TRUE.equals(required(mapping, PoolSettings.TLS_INSECURE));
    if (insecure && ca != null) {
      mapping.error("ca", "has no use where any certificate will do; leave out ca or insecure");
      return null;
    }
    return new PodTls.Settings(ca == null ? null : file.resolveSibling(ca), name, insecure);
  }

  /**
   * Reads {@code disaggregation} of a pool.
   *
   * @param decider value of the flag, which fits; null without one
   */
  private static Disaggregation disaggregation(
      @Nullable YamlMapping mapping, @Nullable String decider) {
    if (mapping != null) {
      mapping.refuseAllBut(PoolSettings.disaggregation().stream().map(Setting::key).toList());
    }
    var connector = leaf(mapping, PoolSettings.CONNECTOR);
    return new Disaggregation(
        connector,
        new DisaggregationPolicy(
            decider == null
                ? leaf(mapping, PoolSettings.DECIDER)
                : PoolSettings.DECIDER.type().parse(decider),
            leaf(mapping, PoolSettings.PROMPT_TOKENS),
            leaf(mapping, PoolSettings.NON_CACHED_TOKENS),
            leaf(mapping, PoolSettings.KV_BYTES),
            leaf(mapping, PoolSettings.BANDWIDTH),
            leaf(mapping, PoolSettings.OVERHEAD),
            overflow(mapping, connector)),
        leaf(mapping, PoolSettings.PREFILL_TIMEOUT));
  }

  private static boolean overflow(@Nullable YamlMapping mapping, Connector connector) {
    if (connector != Connector.SGLANG) {
      return leaf(mapping, PoolSettings.OVERFLOW);
    }
    if (mapping != null
        && mapping.has(PoolSettings.OVERFLOW.key())
        && Boolean.TRUE.equals(required(mapping, PoolSettings.OVERFLOW))) {
      mapping.error(
          PoolSettings.OVERFLOW.key(),
          "is true, but SGLang's prefill servers answer nobody; allowed with connector sglang:"
              + " false");
    }
    return false;
  }

  /** The leaf's value, or its default, which it must have. */
  private static <T> T leaf(@Nullable YamlMapping mapping, Setting<T> setting) {
    var value = mapping == null || !mapping.has(setting.key()) ? null : required(mapping, setting);
    var standard = setting.standard();
    if (value == null && standard == null) {
      throw new IllegalStateException(setting.path() + " has no default");
    }
    return value != null || standard == null
        ? Objects.requireNonNull(value)
        : setting.type().parse(standard);
  }

  private static Duration scrapeInterval(@Nullable YamlMapping scrape) {
    if (scrape == null) {
      return standard(PoolSettings.SCRAPE_INTERVAL);
    }
    scrape.refuseAllBut(List.of("interval"));
    return optional(scrape, PoolSettings.SCRAPE_INTERVAL);
  }

  private static <T> @Nullable T required(YamlMapping mapping, Setting<T> setting) {
    var text = mapping.text(setting.key());
    if (text == null) {
      if (!mapping.has(setting.key())) {
        mapping.error(setting.key(), "is missing; allowed: " + setting.allowed());
      }
      return null;
    }
    if (GatewayConfigLoader.parses(setting, text)) {
      return setting.type().parse(text);
    }
    mapping.error(setting.key(), GatewayConfigLoader.complaint(setting, text));
    return null;
  }

  private static Duration optional(YamlMapping mapping, Setting<Duration> setting) {
    var value = mapping.has(setting.key()) ? required(mapping, setting) : null;
    return value == null ? standard(setting) : value;
  }

  private static Duration standard(Setting<Duration> setting) {
    var standard = setting.standard();
    return standard == null ? Duration.ZERO : setting.type().parse(standard);
  }
}
