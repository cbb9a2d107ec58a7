package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.discovery.RoleLabel;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.signals.EnginePage;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A pool, a policy of llm-d's and a request, as {@code llm-d-situations.yaml} describes them. */
final class LlmdSituation {

  private static final long SECOND = 1_000_000_000;
  private static final long NOW = 1_000 * SECOND;

  private final PoolPicker picker;
  private final InferenceRequest request;
  private final Map<String, String> headers = new HashMap<>();
  private final int endpoints;

  LlmdSituation(Map<?, ?> situation) {
    picker =
        PoolPicker.builder(
                PoolPickerConfig.of("test", Set.of("m", "adapter"), 42)
                    .withIndex(new PrefixIndexConfig(64, 1024, 8 << 20, 1 << 14, 1)),
                1)
            .withoutThread()
            .policy(policy(situation))
            .time(() -> NOW, InstantSource.fixed(Instant.EPOCH))
            .build();
    var pool = (List<?>) Objects.requireNonNull(situation.get("pool"));
    endpoints = pool.size();
    for (int slot = 0; slot < endpoints; slot++) {
      add(slot, (Map<?, ?>) pool.get(slot));
    }
    request = request((Map<?, ?>) situation.get("request"));
  }

  static EndpointPickerConfig policy(Map<?, ?> situation) {
    var text = situation.get("config") instanceof String given ? given : shortForm(situation);
    return TestPolicy.experimental(text);
  }

  /** One profile of scorers and weights, the first of them with parameters. */
  private static String shortForm(Map<?, ?> situation) {
    var plugins = new StringBuilder("plugins:\n");
    var members = new StringBuilder("schedulingProfiles:\n  - name: default\n    plugins:\n");
    Object parameters = situation.get("parameters");
    for (var scorer : ((Map<?, ?>) Objects.requireNonNull(situation.get("policy"))).entrySet()) {
      plugins.append("  - {type: ").append(scorer.getKey());
      plugins.append(parameters == null ? "" : ", parameters: " + flow(parameters)).append("}\n");
      parameters = null;
      members.append("      - {pluginRef: ").append(scorer.getKey());
      members.append(", weight: ").append(scorer.getValue()).append("}\n");
    }
    return plugins.append(members).toString();
  }

  private static String flow(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(each -> each.getKey() + ": " + flow(each.getValue()))
              .reduce((one, other) -> one + ", " + other)
              .map(inner -> "{" + inner + "}")
              .orElse("{}");
      case List<?> list -> list.stream().map(LlmdSituation::flow).toList().toString();
      default -> value.toString();
    };
  }

  private void add(int slot, Map<?, ?> given) {
    var host = "10.0.0." + (slot + 1);
    Map<String, String> labels = new HashMap<>();
    if (given.get("labels") instanceof Map<?, ?> map) {
      map.forEach((name, value) -> labels.put(name.toString(), value.toString()));
    }
    if (given.get("role") instanceof String role) {
      labels.put(RoleLabel.NAME, role);
    }
    var role = RoleLabel.role(labels).orElse(Role.BOTH);
    var spec = new EndpointSpec(new EndpointId(host), host, host, 8000, role, labels, false);
    picker.apply(new PoolDelta(List.of(spec), List.of()));
    if (given.get("silent") == null) {
      tell(slot, given);
    }
    var inFlight = picker.inFlight();
    for (int i = 0; i < whole(given, "active"); i++) {
      inFlight.add(0, slot, 0, 0);
    }
    for (int i = 0; i < whole(given, "decoding"); i++) {
      inFlight.add(0, slot, 0, 0);
      inFlight.firstToken(0, slot, 0);
    }
    int pending = whole(given, "pending");
    if (pending > 0) {
      inFlight.add(0, slot, pending, pending);
    }
    if (whole(given, "contexts") > 0) {
      inFlight.add(0, slot, 0, whole(given, "contexts"));
    }
    int holds = whole(given, "holds");
    if (holds > 0) {
      var keys = TestPool.keys(1, holds);
      picker.index().learn(slot, keys.array(), keys.count());
    }
  }

  private void tell(int slot, Map<?, ?> given) {
    var kv = given.get("kv") instanceof Number number ? number.doubleValue() : 0;
    var lora = "";
    if (given.get("lora") instanceof Map<?, ?> adapters) {
      lora =
          "vllm:lora_requests_info{max_lora=\"%s\",running_lora_adapters=\"%s\",waiting_lora_adapters=\"%s\"} 1.0"
              .formatted(adapters.get("max"), adapters.get("running"), adapters.get("waiting"));
    }
    var page =
        String.format(
            Locale.ROOT,
            """
                vllm:num_requests_running{engine="0"} %d
                vllm:num_requests_waiting{engine="0"} %d
                vllm:kv_cache_usage_perc{engine="0"} %f
                vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="1000"} 1.0
                %s
                """,
            whole(given, "running"),
            whole(given, "waiting"),
            kv,
            lora);
    var sample = EnginePage.read(page);
    long at = given.get("stale") == null ? NOW : NOW - 10 * SECOND;
    picker.signals().update(slot, sample, at, SECOND / 5);
  }

  private InferenceRequest request(Map<?, ?> given) {
    var asked = given == null ? Map.of() : given;
    if (asked.get("headers") instanceof Map<?, ?> map) {
      map.forEach((name, value) -> headers.put(name.toString(), value.toString()));
    }
    int tokens = asked.containsKey("tokens") ? whole(asked, "tokens") : 640;
    var model = asked.get("model") instanceof String named ? named : "m";
    int bytes = 4 * tokens;
    return InferenceRequest.builder(ApiKind.CHAT, model)
        .promptBytes(bytes)
        .keys(TestPool.keys(1, bytes / PromptKeys.BLOCK_BYTES))
        .mediaTokens(whole(asked, "media"))
        .n(Math.max(1, whole(asked, "n")))
        .build();
  }

  private static int whole(Map<?, ?> given, String name) {
    return given.get(name) instanceof Number number ? number.intValue() : 0;
  }

  Decision decide() {
    return picker.pick(request, headers::get, "r", 0, new Exclusions(), NOW);
  }

  /** Slot of the endpoint that is picked for the whole request. */
  int pick() {
    return ((Decision.Route) decide()).endpoint().slot();
  }

  /** Scores of the last decision by slot, NaN for those that were no candidates. */
  double[] scores() {
    var scores = new double[endpoints];
    Arrays.fill(scores, Double.NaN);
    var ranking = Objects.requireNonNull(picker.decisions().findByRequest("r")).ranking();
    for (int place = 0; place < ranking.ranked(); place++) {
      scores[ranking.endpoint(place).slot()] = ranking.score(place);
    }
    return scores;
  }
}
