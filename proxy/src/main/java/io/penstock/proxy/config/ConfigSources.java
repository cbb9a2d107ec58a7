package io.penstock.proxy.config;

import io.penstock.picker.pool.Role;
import io.penstock.picker.scrape.PodTls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a configuration comes from, weakest first: the defaults, a file, the environment, flags.
 * Immutable; the file is read when the configuration is loaded.
 *
 * @param file the YAML file, if there is one
 * @param environment variables; only {@code PENSTOCK_…} and some of {@code OTEL_…} are looked at
 * @param flags values by {@link Setting#flag}
 * @param models values of {@code --model}
 * @param endpoints values of {@code --endpoints}, {@code --prefill-endpoints} and {@code
 *     --decode-endpoints}, by role: one static pool instead of the file's pools
 * @param inferencePool value of {@code --pool}: one pool of Kubernetes instead of the file's pools
 * @param decider value of {@code --disaggregation}, of the pool that {@code endpoints} make
 * @param shadow value of {@code --shadow}: a second policy of every pool
 * @param shadowSample value of {@code --shadow-sample}, of that policy
 * @param podTls TLS to the pods of these two, null: plain text
 */
public record ConfigSources(
    @Nullable Path file,
    Map<String, String> environment,
    Map<String, String> flags,
    List<String> models,
    Map<Role, String> endpoints,
    @Nullable String inferencePool,
    @Nullable String decider,
    @Nullable String shadow,
    @Nullable String shadowSample,
    PodTls.@Nullable Settings podTls) {

  /** Copies the maps and the list. */
  public ConfigSources {
    environment = Map.copyOf(environment);
    flags = Map.copyOf(flags);
    models = List.copyOf(models);
    endpoints = Map.copyOf(endpoints);
  }

  /** No sources yet: all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects sources. Confined to the thread that made it. */
  public static final class Builder {
    private @Nullable Path file;
    private Map<String, String> environment = Map.of();
    private final Map<String, String> flags = new LinkedHashMap<>();
    private final List<String> models = new ArrayList<>();
    private final Map<Role, String> endpoints = new EnumMap<>(Role.class);
    private @Nullable String inferencePool;
    private @Nullable String decider;
    private @Nullable String shadow;
    private @Nullable String shadowSample;
    private PodTls.@Nullable Settings podTls;

    private Builder() {}

    /** {@code --config FILE}. */
    public Builder file(Path value) {
      file = value;
      return this;
    }

    /** The process's variables. */
    public Builder environment(Map<String, String> value) {
      environment = value;
      return this;
    }

    /** A flag as {@link Setting#flag} names it, such as {@code --timeouts.first-byte}. */
    public Builder flag(String name, String value) {
      flags.put(name, value);
      return this;
    }

    /** {@code --listen ADDRESS}. */
    public Builder listen(String value) {
      return flag(Settings.LISTEN.flag(), value);
    }

    /** {@code --admin ADDRESS}. */
    public Builder admin(String value) {
      return flag(Settings.ADMIN.flag(), value);
    }

    /** {@code --model NAME}; may be given more than once. */
    public Builder model(String value) {
      models.add(value);
      return this;
    }

    /** {@code --endpoints host:port,host:port}. */
    public Builder endpoints(String value) {
      return endpoints(Role.BOTH, value);
    }

    /** The same for pods that do one thing only. */
    public Builder endpoints(Role role, String value) {
      endpoints.put(role, value);
      return this;
    }

    /** {@code --pool namespace/name}. */
    public Builder inferencePool(String value) {
      inferencePool = value;
      return this;
    }

    /** {@code --disaggregation cost}, {@code always} or {@code never}. */
    public Builder decider(String value) {
      decider = value;
      return this;
    }

    /** {@code --shadow FILE} or the name of a built-in policy. */
    public Builder shadow(String value) {
      shadow = value;
      return this;
    }

    /** {@code --shadow-sample 0.1}. */
    public Builder shadowSample(String value) {
      shadowSample = value;
      return this;
    }

    /** {@code --pods-tls} and what goes with it. */
    public Builder podTls(PodTls.@Nullable Settings value) {
      podTls = value;
      return this;
    }

    /** The sources. */
    public ConfigSources build() {
      return new ConfigSources(
          file,
          environment,
          flags,
          models,
          endpoints,
          inferencePool,
          decider,
          shadow,
          shadowSample,
          podTls);
    }
  }
}
