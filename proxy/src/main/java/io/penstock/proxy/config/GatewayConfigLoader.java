package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.Suggestion;
import io.penstock.picker.config.YamlMapping;
import io.penstock.picker.replica.ReplicaSettings;
import io.penstock.proxy.config.GatewayConfig.Auth;
import io.penstock.proxy.config.GatewayConfig.Ejection;
import io.penstock.proxy.config.GatewayConfig.Headers;
import io.penstock.proxy.config.GatewayConfig.Limits;
import io.penstock.proxy.config.GatewayConfig.Log;
import io.penstock.proxy.config.GatewayConfig.Retries;
import io.penstock.proxy.config.GatewayConfig.Sse;
import io.penstock.proxy.config.GatewayConfig.Timeouts;
import io.penstock.proxy.config.GatewayConfig.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Lays defaults, file, environment and flags over each other and checks the whole. Every error is
 * found and told at once; a value that a stronger source overrides is checked too.
 *
 * <p>Confined to the thread that loads.
 */
public final class GatewayConfigLoader {

  private static final String PREFIX = "PENSTOCK_";

  private final ConfigSources sources;
  private final List<ConfigError> errors = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final EffectiveSettings settings = new EffectiveSettings();

  private GatewayConfigLoader(ConfigSources sources) {
    this.sources = sources;
  }

  /** Reads the sources as they are now. */
  public static LoadResult load(ConfigSources sources) {
    return new GatewayConfigLoader(sources).load();
  }

  private LoadResult load() {
    openTelemetry();
    List<PoolConfig> pools = file();
    environment();
    flags();
    pools = shadowed(shortcuts(pools));
    checkTogether(pools);
    return errors.isEmpty()
        ? new LoadResult.Loaded(config(pools), settings, warnings)
        : new LoadResult.Invalid(errors);
  }

  /**
   * OpenTelemetry's variables are meant for many programs: one that does not fit stops no start.
   */
  private void openTelemetry() {
    OpenTelemetryVariables.settings(sources.environment())
        .forEach(
            (setting, given) -> {
              if (parses(setting, given.text())) {
                settings.put(setting, given.text(), given.variable());
              } else {
                warnings.add(given.variable() + ": " + complaint(setting, given.text()));
              }
            });
  }

  /** Takes the file's settings and reads its pools. */
  private List<PoolConfig> file() {
    var file = sources.file();
    if (file == null) {
      return List.of();
    }
    var name = file.toString();
    var text = read(file);
    var root = text == null ? null : YamlMapping.parse(name, text, errors);
    if (root == null) {
      return List.of();
    }
    Set<String> top = new LinkedHashSet<>();
    Set<String> groups = new LinkedHashSet<>();
    for (var setting : Settings.all()) {
      (setting.group().isEmpty() ? top : groups)
          .add(setting.group().isEmpty() ? setting.key() : setting.group());
    }
    mapping(root, "", name, file);
    for (var group : groups) {
      var mapping = root.mapping(group);
      if (mapping != null) {
        mapping.refuseAllBut(mapping(mapping, group, name, file));
      }
    }
    top.add("pools");
    top.addAll(groups);
    root.refuseAllBut(top);
    if (root.has("pools")) {
      settings.poolsFrom(name + ":" + root.line("pools"));
    }
    return PoolReader.read(root, file, warnings);
  }

  /** Takes the settings of one mapping of the file; returns the names it may have. */
  private Set<String> mapping(YamlMapping mapping, String group, String name, Path file) {
    Set<String> known = new LinkedHashSet<>();
    for (var setting : Settings.all()) {
      if (setting.group().equals(group)) {
        known.add(setting.key());
        var text = mapping.text(setting.key());
        if (text == null) {
          continue;
        }
        if (setting.type() == SettingType.FILE_OR_OFF && !text.isEmpty()) {
          text = file.resolveSibling(text).toString();
        }
        if (parses(setting, text)) {
          settings.put(setting, text, name + ":" + mapping.line(setting.key()));
        } else {
          mapping.error(setting.key(), complaint(setting, text));
        }
      }
    }
    return known;
  }

  private void environment() {
    var known = new TreeMap<String, Setting<?>>();
    Settings.all().forEach(setting -> known.put(setting.variable(), setting));
    for (var variable : new TreeMap<>(sources.environment()).entrySet()) {
      var name = variable.getKey();
      var setting = known.get(name);
      if (setting != null) {
        take(setting, variable.getValue(), name);
      } else if (name.startsWith(PREFIX)) {
        warnings.add(
            name + " is no setting and is ignored" + Suggestion.didYouMean(name, known.keySet()));
      }
    }
  }

  private void flags() {
    var known = new TreeMap<String, Setting<?>>();
    Settings.all().forEach(setting -> known.put(setting.flag(), setting));
    for (Map.Entry<String, String> flag : new TreeMap<>(sources.flags()).entrySet()) {
      var setting = known.get(flag.getKey());
      if (setting != null) {
        take(setting, flag.getValue(), flag.getKey());
      } else {
        var hint = Suggestion.didYouMean(flag.getKey(), known.keySet());
        errors.add(ConfigError.of(flag.getKey(), "", "unknown flag" + hint));
      }
    }
  }

  private void take(Setting<?> setting, String text, String source) {
    if (parses(setting, text)) {
      settings.put(setting, text, source);
    } else {
      errors.add(ConfigError.of(source, setting.path(), complaint(setting, text)));
    }
  }

  /**
   * {@code --endpoints} or {@code --pool}, and {@code --model}, make one pool in place of the
   * file's.
   */
  private List<PoolConfig> shortcuts(List<PoolConfig> fromFile) {
    var endpoints = sources.endpoints();
    var inferencePool = sources.inferencePool();
    var flags = endpoints.keySet().stream().sorted().map(PoolReader::flag).toList();
    if (!flags.isEmpty() && inferencePool != null) {
      errors.add(ConfigError.of("--pool", "", "does not go together with " + flags.getFirst()));
      return fromFile;
    }
    if (inferencePool != null) {
      settings.poolsFrom("--pool");
      return PoolReader.fromInferencePool(
          inferencePool, sources.models(), sources.podTls(), errors);
    }
    if (!flags.isEmpty()) {
      settings.poolsFrom(String.join(", ", flags));
      return PoolReader.fromFlags(
          endpoints, sources.models(), sources.decider(), sources.podTls(), errors);
    }
    if (sources.decider() != null) {
      errors.add(
          ConfigError.of(
              "--disaggregation",
              "",
              "needs --prefill-endpoints; in a file, it is disaggregation.decider of their pool"));
    }
    if (sources.podTls() != null) {
      errors.add(
          ConfigError.of(
              "--pods-tls", "", "needs --endpoints or --pool; in a file, it is tls of their pool"));
    }
    if (!sources.models().isEmpty()) {
      errors.add(
          ConfigError.of(
              "--model", "", "needs --endpoints or --pool; in a file, name models in their pool"));
    }
    return fromFile;
  }

  /** {@code --shadow} and {@code --shadow-sample} stand in for what the pools say of a shadow. */
  private List<PoolConfig> shadowed(List<PoolConfig> pools) {
    var name = sources.shadow();
    var sample = sources.shadowSample();
    if (sample != null && !parses(PoolSettings.SHADOW_SAMPLE, sample)) {
      errors.add(
          ConfigError.of("--shadow-sample", "", complaint(PoolSettings.SHADOW_SAMPLE, sample)));
      return pools;
    }
    if (name == null) {
      if (sample != null) {
        errors.add(ConfigError.of("--shadow-sample", "", "needs --shadow"));
      }
      return pools;
    }
    var policy = PolicyReader.fromFlag("--shadow", name, errors, warnings);
    var standard = PoolSettings.SHADOW_SAMPLE.standard();
    double share =
        PoolSettings.SHADOW_SAMPLE
            .type()
            .parse(sample != null ? sample : standard == null ? "" : standard);
    return policy == null
        ? pools
        : pools.stream()
            .map(pool -> pool.withShadow(new PoolConfig.Shadow(policy, share)))
            .toList();
  }

  private void checkTogether(List<PoolConfig> pools) {
    if (!errors.isEmpty()) {
      return;
    }
    if (pools.isEmpty()) {
      var file = sources.file();
      errors.add(
          ConfigError.of(
              file == null ? "pools" : file.toString(),
              "pools",
              "there is none; give --endpoints host:port,host:port, --pool namespace/name or pools in a file"));
    }
    checkPair(Settings.TLS_CERTIFICATE, Settings.TLS_KEY);
    checkPair(Settings.TLS_KEY, Settings.TLS_CERTIFICATE);
    checkReplicas();
    checkApart(Settings.ADMIN, Settings.LISTEN);
    checkApart(Settings.HEALTH, Settings.LISTEN);
    checkApart(Settings.HEALTH, Settings.ADMIN);
    var admin = settings.value(Settings.ADMIN);
    if (admin != null && !admin.isLoopback()) {
      warnings.add(
          "admin listens on "
              + admin
              + ", not on localhost alone: whoever reaches it can read decisions and drain;"
              + " health serves probes and metrics without that");
    }
  }

  private void checkReplicas() {
    var redis = settings.value(Settings.REPLICAS_REDIS);
    if (redis == null) {
      checkOfUse(Settings.REPLICAS_PASSWORD_FILE, "without " + Settings.REPLICAS_REDIS.path());
      checkOfUse(Settings.REPLICAS_CA, "without " + Settings.REPLICAS_REDIS.path());
    } else if (!redis.tls()) {
      checkOfUse(Settings.REPLICAS_CA, "without TLS, which rediss:// asks for");
    }
  }

  private void checkOfUse(Setting<?> given, String why) {
    if (!settings.text(given).isEmpty()) {
      errors.add(ConfigError.of(settings.source(given), given.path(), "is of no use " + why));
    }
  }

  private void checkPair(Setting<?> given, Setting<?> needed) {
    if (!settings.text(given).isEmpty() && settings.text(needed).isEmpty()) {
      errors.add(
          ConfigError.of(
              settings.source(given),
              needed.path(),
              "is missing; " + given.path() + " and " + needed.path() + " go together"));
    }
  }

  private void checkApart(
      Setting<? extends @Nullable ListenAddress> one,
      Setting<? extends @Nullable ListenAddress> other) {
    var a = settings.value(one);
    if (a != null && a.port() != 0 && a.equals(settings.value(other))) {
      errors.add(
          ConfigError.of(
              settings.source(one),
              one.path(),
              "'" + a + "' is the address of " + other.path() + " too"));
    }
  }

  private GatewayConfig config(List<PoolConfig> pools) {
    var certificate = settings.value(Settings.TLS_CERTIFICATE);
    var key = settings.value(Settings.TLS_KEY);
    return new GatewayConfig(
        settings.value(Settings.LISTEN),
        settings.value(Settings.ADMIN),
        settings.value(Settings.HEALTH),
        settings.value(Settings.TRANSPORT),
        settings.value(Settings.WARM_UP),
        pools,
        new Timeouts(
            settings.value(Settings.TIMEOUT_REQUEST_HEAD),
            settings.value(Settings.TIMEOUT_REQUEST_BODY),
            settings.value(Settings.TIMEOUT_QUEUE),
            settings.value(Settings.TIMEOUT_CONNECT),
            settings.value(Settings.TIMEOUT_FIRST_BYTE),
            settings.value(Settings.TIMEOUT_ANSWER),
            settings.value(Settings.TIMEOUT_STREAM_IDLE),
            settings.value(Settings.TIMEOUT_TOTAL),
            settings.value(Settings.TIMEOUT_CLIENT_STALL),
            settings.value(Settings.TIMEOUT_PRE_STOP),
            settings.value(Settings.TIMEOUT_DRAIN)),
        new Limits(
            Math.toIntExact(settings.value(Settings.LIMIT_REQUEST_HEAD)),
            Math.toIntExact(settings.value(Settings.LIMIT_REQUEST_BODY)),
            settings.value(Settings.LIMIT_BUFFERED_BODIES),
            settings.value(Settings.LIMIT_CONNECTIONS)),
        new Sse(settings.value(Settings.SSE_KEEP_ALIVE)),
        new Retries(
            settings.value(Settings.RETRIES_PER_REQUEST), settings.value(Settings.RETRIES_BUDGET)),
        new Ejection(
            settings.value(Settings.EJECTION_FAILURES),
            settings.value(Settings.EJECTION_DURATION),
            settings.value(Settings.EJECTION_MAX_DURATION),
            settings.value(Settings.EJECTION_SLOW_START)),
        certificate == null || key == null ? null : new Tls(certificate, key),
        new Auth(settings.value(Settings.AUTH_KEYS_FILE)),
        new Headers(
            settings.value(Settings.HEADERS_DECISION_ID),
            settings.value(Settings.HEADERS_SERVER_TIMING)),
        new Log(settings.value(Settings.LOG_ACCESS), settings.value(Settings.LOG_SAMPLE)),
        new GatewayConfig.Tracing(
            settings.value(Settings.TRACING_ENDPOINT),
            settings.value(Settings.TRACING_SAMPLE),
            settings.value(Settings.TRACING_SERVICE),
            OpenTelemetryVariables.headers(sources.environment())),
        replicas());
  }

  private @Nullable ReplicaSettings replicas() {
    var redis = settings.value(Settings.REPLICAS_REDIS);
    return redis == null
        ? null
        : new ReplicaSettings(
            redis,
            settings.value(Settings.REPLICAS_PASSWORD_FILE),
            settings.value(Settings.REPLICAS_CA),
            settings.value(Settings.REPLICAS_CHANNEL));
  }

  private @Nullable String read(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      errors.add(ConfigError.of(file.toString(), "", "there is no such file"));
    } catch (IOException e) {
      errors.add(ConfigError.of(file.toString(), "", "cannot be read: " + e));
    }
    return null;
  }

  static boolean parses(Setting<?> setting, String text) {
    try {
      setting.type().parse(text);
      return true;
    } catch (IllegalArgumentException | ArithmeticException e) {
      return false;
    }
  }

  /** What does not fit, but for what a URL has before its host: that may be a password. */
  static String complaint(Setting<?> setting, String text) {
    var shown = text.replaceFirst("(?<=://).*@", "...@");
    return "'" + shown + "' does not fit; allowed: " + setting.allowed();
  }
}
