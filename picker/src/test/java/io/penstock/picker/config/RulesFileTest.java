package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.objective.RuleBook;
import io.penstock.picker.objective.RuleObjects;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RulesFileTest {

  private static final String OBJECTIVE =
      """
      apiVersion: llm-d.ai/v1alpha2
      kind: InferenceObjective
      metadata: {name: batch, namespace: llm, labels: {a: b}}
      spec: {priority: -5, poolRef: {group: inference.networking.k8s.io, name: tiny}}
      """;
  private static final String REWRITE =
      """
      apiVersion: inference.networking.x-k8s.io/v1alpha2
      kind: InferenceModelRewrite
      metadata: {name: canary, creationTimestamp: "2026-01-02T03:04:05Z"}
      spec:
        poolRef: {name: tiny}
        rules:
          - matches: [{model: {type: Exact, value: chat}}, {model: {value: talk}}]
            targets: [{modelRewrite: a, weight: 9}, {modelRewrite: b, weight: 1}]
          - targets: [{modelRewrite: base}]
      """;

  @Test
  void manifests_as_for_Kubernetes_are_read_of_either_group() {
    var objects = valid(OBJECTIVE + "---\n" + REWRITE + "---\n");

    assertThat(objects.objectives()).containsExactly(new Objective("batch", -5));
    var rules = PoolRules.of(objects.objectives(), objects.rewrites());
    assertThat(rules.targets("chat").models()).containsExactly("a", "b");
    assertThat(rules.targets("talk").models()).containsExactly("a", "b");
    assertThat(rules.targets("other").models()).containsExactly("base");
    assertThat(objects.rewrites().getFirst().created()).hasToString("2026-01-02T03:04:05Z");
  }

  @Test
  void what_refers_to_another_pool_is_left_out() {
    assertThat(valid((OBJECTIVE + "---\n" + REWRITE).replace("name: tiny", "name: other")))
        .isEqualTo(RuleObjects.NONE);
  }

  @Test
  void an_objective_without_a_priority_has_that_of_none() {
    assertThat(valid(OBJECTIVE.replace("priority: -5, ", "")).objectives())
        .containsExactly(new Objective("batch", 0));
  }

  @Test
  void a_time_that_is_null_as_tools_print_it_is_none() {
    var objects =
        valid(
            REWRITE.replace("\"2026-01-02T03:04:05Z\"", "null") + "status: {}\n---\n" + OBJECTIVE);

    assertThat(objects)
        .isEqualTo(
            valid(
                REWRITE.replace(", creationTimestamp: \"2026-01-02T03:04:05Z\"", "")
                    + "---\n"
                    + OBJECTIVE));
  }

  @Test
  void what_the_configuration_says_is_older_wherever_it_stands_there() {
    var inline =
        YamlMapping.parse(
            "gateway.yaml",
            """
            rewrites:
              - {name: x, rules: [{matches: [{model: {value: a}}], targets: [{modelRewrite: b}]}]}
              - {name: y, rules: [{matches: [{model: {value: chat}}], targets: [{modelRewrite: own}]}]}
            """,
            new ArrayList<>());
    List<PoolRules> rules = new ArrayList<>();
    var book = new RuleBook(rules::add);

    book.put(
        "configuration",
        new RuleObjects(
            List.of(), new RulesReader(new ArrayList<>()).rewrites(inline, "rewrites")));
    book.put("file", valid(REWRITE.replace(", creationTimestamp: \"2026-01-02T03:04:05Z\"", "")));

    assertThat(rules.getLast().targets("chat").models()).containsExactly("own");
    assertThat(rules.getLast().targets("talk").models()).containsExactly("a", "b");
  }

  @Test
  void an_empty_file_has_none() {
    assertThat(valid("")).isEqualTo(RuleObjects.NONE);
    assertThat(valid("# later\n---\n")).isEqualTo(RuleObjects.NONE);
  }

  @Test
  void weights_on_some_targets_only_are_warned_about() {
    var loaded = load(REWRITE.replace(", weight: 1}", "}"));

    assertThat(((LoadedRules.Valid) loaded).warnings())
        .singleElement()
        .asString()
        .contains("rules.yaml:8", "spec.rules[0].targets", "without a weight get no requests");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          priority: -5 | priority: much | spec.priority: 'much' does not fit; allowed: an integer from -2147483648 to 2147483647
          priority: -5 | priorty: -5 | spec.priorty: unknown key; did you mean priority?
          kind: InferenceObjective | kind: InferenceObjektive | kind: 'InferenceObjektive' does not fit; allowed: InferenceObjective, InferenceModelRewrite; did you mean InferenceObjective?
          apiVersion: llm-d.ai/v1alpha2 | apiVersion: llm-d.ai/v1 | apiVersion: 'llm-d.ai/v1' does not fit
          name: batch, | generation: 1, | metadata: has no name
          , name: tiny} | } | spec.poolRef.name: is missing
          weight: 9 | weight: 0 | spec.rules[0].targets[0].weight: '0' does not fit; allowed: an integer from 1 to 1000000
          modelRewrite: b, | modelRewrite: "", | spec.rules[0].targets[1].modelRewrite: is empty
          type: Exact | type: Regex | spec.rules[0].matches[0].model.type: 'Regex' does not fit; allowed: Exact
          [{modelRewrite: base}] | [] | spec.rules[1].targets: needs at least one target
          """)
  void what_is_wrong_is_said_with_its_place(String right, String wrong, String expected) {
    var text = (OBJECTIVE + "---\n" + REWRITE).replace(right, wrong);

    var errors = ((LoadedRules.Invalid) load(text)).errors();

    assertThat(errors).isNotEmpty();
    assertThat(errors.stream().map(ConfigError::toString))
        .anyMatch(error -> error.contains(expected));
  }

  @Test
  void a_file_that_is_not_there_is_said_to_be_missing(@TempDir Path directory) {
    var file = new RulesFile(directory.resolve("none.yaml"), Set.of("tiny"));

    assertThat(((LoadedRules.Invalid) file.load()).errors())
        .singleElement()
        .asString()
        .contains("none.yaml", "there is no such file");
  }

  private static LoadedRules load(String text) {
    return RulesFile.load("rules.yaml", text, Set.of("tiny", "llm"));
  }

  private static RuleObjects valid(String text) {
    var loaded = load(text);
    assertThat(loaded).isInstanceOf(LoadedRules.Valid.class);
    return ((LoadedRules.Valid) loaded).objects();
  }
}
