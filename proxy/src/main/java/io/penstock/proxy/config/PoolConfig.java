package io.penstock.proxy.config;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.PolicyFile;
import io.penstock.picker.config.RulesFile;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.objective.RuleObjects;
import io.penstock.picker.pool.Role;
import io.penstock.picker.scrape.PodTls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One pool of pods. Immutable.
 *
 * @param models what it may serve; empty: whatever the pods list
 * @param discovery where its endpoints come from
 * @param policy how its requests are routed
 * @param scrape how its pods' metrics are read
 * @param tls how TLS is spoken to its pods; null: plain text
 * @param shadow a second policy that decides beside the first, for comparison; null: none
 * @param disaggregation how prompts go from pods that prefill to pods that answer
 * @param rules priorities of its requests, and models that stand in for others
 */
public record PoolConfig(
    String name,
    List<String> models,
    Discovery discovery,
    RoutingPolicy policy,
    Scrape scrape,
    PodTls.@Nullable Settings tls,
    @Nullable Shadow shadow,
    Disaggregation disaggregation,
    Rules rules) {

  /** Name of the policy without a configuration. */
  static final String EXPECTED_COST_NAME = "expected-cost";

  /** Copies the models. */
  public PoolConfig {
    models = List.copyOf(models);
  }

  /**
   * Objectives and rewrites.
   *
   * @param inline those of the gateway's configuration
   * @param file file of further ones, watched; null without one
   * @param inFile what the file says
   */
  public record Rules(RuleObjects inline, @Nullable RulesFile file, RuleObjects inFile) {

    /** None. */
    static final Rules NONE = new Rules(RuleObjects.NONE, null, RuleObjects.NONE);
  }

  /** The same with another shadow. */
  PoolConfig withShadow(Shadow other) {
    return new PoolConfig(
        name, models, discovery, policy, scrape, tls, other, disaggregation, rules);
  }

  /**
   * A policy that decides on a sample of the requests, for comparison.
   *
   * @param sample share of the requests, 0 to 1
   */
  public record Shadow(RoutingPolicy policy, double sample) {}

  /** A policy for people: its name, its file, or {@code config}. */
  public static String title(RoutingPolicy policy) {
    return switch (policy) {
      case RoutingPolicy.BuiltIn(var name, var config) -> name;
      case RoutingPolicy.InFile(var file, var config) -> file.path().toString();
      case RoutingPolicy.Inline _ -> "config";
    };
  }

  /** How requests are routed. */
  public sealed interface RoutingPolicy {

    /** Penstock's own policy. */
    RoutingPolicy EXPECTED_COST = new BuiltIn(EXPECTED_COST_NAME, null);

    /** The configuration to begin with; null for expected cost. */
    @Nullable EndpointPickerConfig config();

    /** A policy with a name. */
    record BuiltIn(String name, @Nullable EndpointPickerConfig config) implements RoutingPolicy {}

    /** An EndpointPickerConfig inside of the gateway's configuration. */
    record Inline(EndpointPickerConfig config, boolean experimental) implements RoutingPolicy {}

    /** An EndpointPickerConfig in a file, watched. */
    record InFile(PolicyFile file, EndpointPickerConfig config) implements RoutingPolicy {}
  }

  /** A source of endpoints. */
  public sealed interface Discovery {

    /** Endpoints that the configuration lists. */
    record Static(List<StaticEndpoint> endpoints) implements Discovery {
      /** Copies the endpoints. */
      public Static {
        endpoints = List.copyOf(endpoints);
      }
    }

    /** Endpoints in a file of llm-d's format, watched. */
    record EndpointFile(Path path) implements Discovery {}

    /** The addresses of a name, resolved every {@code interval}. */
    record Dns(String name, int port, Duration interval) implements Discovery {}

    /** Pods that an InferencePool or a label selector picks. */
    record Kubernetes(PodSelection pods) implements Discovery {}
  }

  /**
   * One listed endpoint.
   *
   * @param host name or IP literal, without brackets
   */
  public record StaticEndpoint(String host, int port, Role role, Map<String, String> labels) {
    /** Copies the labels. */
    public StaticEndpoint {
      labels = Map.copyOf(labels);
    }
  }

  /** What pods speak to hand prompts to each other. */
  public enum Connector {
    /** vLLM's NixlConnector. */
    NIXLV2,
    /** vLLM's MooncakeConnector. */
    MOONCAKE,
    /** vLLM's OffloadingConnector with a tier of peers. */
    OFFLOADING,
    /** SGLang's disaggregation. */
    SGLANG,
    /** A store that all pods share: vLLM's ExampleConnector, LMCache. */
    SHARED_STORAGE;

    /** Its name in a file. */
    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * Prefill and decode on two pods, where the pool has pods that only prefill.
   *
   * @param connector what the pods speak
   * @param policy when a request is divided
   * @param prefillTimeout how long one pod may take for a prompt before another is asked
   */
  public record Disaggregation(
      Connector connector, DisaggregationPolicy policy, Duration prefillTimeout) {}

  /**
   * Reading of /metrics.
   *
   * @param interval upper bound of the adaptive interval
   */
  public record Scrape(Duration interval) {}
}
