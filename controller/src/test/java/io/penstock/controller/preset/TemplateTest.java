package io.penstock.controller.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.penstock.controller.api.Documents;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What templates of configs can say, and what comes of it. */
class TemplateTest {

  /** What would take forever is not there after it. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private static final ObjectNode ROOT =
      Documents.read(
              """
              metadata: {name: llama, namespace: llm, labels: {team.io/a: red}}
              spec:
                model: {uri: 'hf://a/b', name: 'Say "hi" \\ $(x)'}
                parallelism: {tensor: 8, expert: false, dataRPCPort: 5555}
                replicas: 0
                template: {terminationGracePeriodSeconds: 300, containers: [{name: main}]}
                tracing: {}
              GlobalConfig: {enableTLS: true, systemNamespace: kserve}
              """)
          .documents()
          .getFirst()
          .tree();

  private static String text(String template) {
    return new TemplateEvaluation(ROOT).text(TemplateParser.parse(template));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      ignoreLeadingAndTrailingWhitespace = true,
      quoteCharacter = '~',
      value = {
        "plain } text {                                          ¦ plain } text {",
        "{{ .ObjectMeta.Name }}                                  ¦ llama",
        "{{.ObjectMeta.Name}}-{{.ObjectMeta.Namespace}}          ¦ llama-llm",
        "{{ $.ObjectMeta.Name }}                                 ¦ llama",
        "{{ .Spec.Parallelism.Tensor }}                          ¦ 8",
        "{{ .Spec.Parallelism.Expert }}                          ¦ false",
        "{{ .GlobalConfig.EnableTLS }}                           ¦ true",
        "{{ .Spec.Template.TerminationGracePeriodSeconds }}      ¦ 300",
        "{{ index .ObjectMeta.Labels `team.io/a` }}              ¦ red",
        "{{ (index .Spec.Template.Containers 0).Name }}          ¦ main",
        "{{ .Spec.Template.Containers }}                         ¦ [{\"name\":\"main\"}]",
        "{{ if .Spec.Parallelism.Tensor }}a{{ else }}b{{ end }}  ¦ a",
        "{{ if .Spec.Replicas }}a{{ else }}b{{ end }}            ¦ b",
        "{{ if .Spec.Tracing }}a{{ else }}b{{ end }}             ¦ b",
        "{{ if .Spec.Prefill }}a{{ else if .GlobalConfig.EnableTLS }}b{{ else }}c{{ end }} ¦ b",
        "{{ if .Spec.Prefill }}a{{ else if .Spec.Replicas }}b{{ end }}. ¦ .",
        "{{ if and .GlobalConfig.EnableTLS .Spec.Parallelism.Tensor }}a{{ end }} ¦ a",
        "{{ if or .Spec.Prefill .Spec.Worker .GlobalConfig.EnableTLS }}a{{ end }} ¦ a",
        "{{ if not .Spec.Prefill }}a{{ end }}                    ¦ a",
        "{{ if eq .Spec.Parallelism.Tensor 8 }}a{{ end }}        ¦ a",
        "{{ if eq .ObjectMeta.Name `x` `llama` }}a{{ end }}      ¦ a",
        "{{ if eq .ObjectMeta.Name 8 }}a{{ else }}b{{ end }}     ¦ b",
        "{{ if ne .ObjectMeta.Name \"x\" }}a{{ end }}            ¦ a",
        "a {{- .ObjectMeta.Name -}} b                            ¦ allamab",
        "a {{- /* }} no */ -}} b                                 ¦ ab",
        "{{ `}}` }}                                              ¦ }}",
        "{{ \"a\\n}}\" }}                                        ¦ ~a\n}}~",
        "{{ .ObjectMeta.Name | ChildName `x` }}                  ¦ xllama",
        "{{ ChildName .ObjectMeta.Name `-epp-service` }}         ¦ llama-epp-service",
        "{{ shutdownTimeout .Spec.Template 15 }}                 ¦ 280",
        "{{ shutdownTimeout .Spec.Worker 15 }}                   ¦ 40",
        "{{ shutdownTimeout .Spec.Worker 90 }}                   ¦ 0",
        "{{ 8 | eq .Spec.Parallelism.Tensor }}                   ¦ true",
        "{{ nil }}.                                              ¦ .",
        "{{ urlPath `org/a b-é%.1` }}                              ¦ org/a%20b-%C3%A9%25.1",
        "{{ accelerated .Spec }}                                 ¦ false",
      })
  void says(String template, String expected) {
    assertThat(text(template)).isEqualTo(expected);
  }

  @Test
  void gives_nothing_for_what_is_absent_however_deep() {
    assertThat(text("[{{ .Spec.Prefill.Parallelism.Tensor }}]")).isEqualTo("[]");
    assertThat(text("[{{ .Spec.Router.Scheduler.Template.Containers.X.Y }}]")).isEqualTo("[]");
    assertThat(text("[{{ .Status.Nothing }}]")).isEqualTo("[]");
  }

  @Test
  void does_not_evaluate_what_and_and_or_leave_out() {
    assertThat(text("{{ or true (nosuch) }}{{ and false (nosuch) }}")).isEqualTo("truefalse");
  }

  @Test
  void prints_a_value_as_it_is_and_quotes_it_for_a_shell_only_when_told() {
    assertThat(text("{{ .Spec.Model.Name }}")).isEqualTo("Say \"hi\" \\ $(x)");
    assertThat(text("{{ shell .Spec.Model.Name }}")).isEqualTo("'Say \"hi\" \\ $''(x)'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '~',
      value = {
        "{{ .Spec.Modle.Name }}                   ¦ field Modle is unknown; allowed: Replicas",
        "{{ .Spec.Model.Nmae }}                   ¦ field Nmae is unknown; allowed: URI, Name",
        "{{ .Specs }}                             ¦ field Specs is unknown; allowed: ObjectMeta",
        "{{ .GlobalConfig.Secret }}               ¦ field Secret is unknown",
        "{{ nosuch .Spec }}                       ¦ function nosuch is unknown; allowed: and",
        "{{ script `nosuch` .Spec }}              ¦ script 'nosuch' is unknown; allowed:",
        "{{ if .Spec }}a                          ¦ {{if}} without {{end}}",
        "a{{ end }}                               ¦ {{end}} without {{if}}",
        "a{{ else }}b                             ¦ {{else}} without {{if}}",
        "{{ range .Spec }}a{{ end }}              ¦ {{range .Spec}} is not supported; allowed: if",
        "{{ .Spec                                 ¦ '{{ .Spec' is never closed by }}",
        "{{ }}                                    ¦ {{}} ends too early",
        "{{ (.Spec }}                             ¦ a ) is missing in {{(.Spec}}",
        "{{ .Spec ) }}                            ¦ ')' in {{.Spec )}} is one too many",
        "{{ | shell }}                            ¦ '|' in {{| shell}} has nothing before it",
        "{{ .Spec | .Model }}                     ¦ after '|' in {{.Spec | .Model}} comes a"
            + " function",
        "{{ .Spec % 2 }}                          ¦ '% 2' in {{.Spec % 2}} is not understood",
        "{{ ChildName `a` }}                      ¦ ChildName takes 2 arguments, 1 are given",
        "{{ 99999999999999999999 }}               ¦ is too large",
      })
  void says_what_is_wrong(String template, String message) {
    assertThatThrownBy(() -> text(template.strip()))
        .isInstanceOf(TemplateFault.class)
        .hasMessageContaining(message.strip());
  }

  /** Whatever is typed: a text, or a sentence about what is wrong with it. */
  @Test
  void never_fails_otherwise() {
    var pieces =
        new String[] {
          "{{",
          "}}",
          "{{-",
          "-}}",
          " ",
          "if",
          "else",
          "end",
          ".Spec",
          ".Model.Name",
          "$",
          "(",
          ")",
          "|",
          "`",
          "\"",
          "\\",
          "and",
          "or",
          "not",
          "eq",
          "shell",
          "8",
          "-",
          ".",
          "x",
          "\n",
          "/*",
          "*/",
          "index",
          "script",
          "`engine`",
          "kvTransferConfig",
          "nil",
          "true",
          "ChildName"
        };
    long seed = 20_261_128;
    var random = new SplittableRandom(seed);
    int texts = 0;
    for (int i = 0; i < 20_000; i++) {
      var template = new StringBuilder();
      for (int n = random.nextInt(12); n >= 0; n--) {
        template.append(pieces[random.nextInt(pieces.length)]);
        template.append(random.nextBoolean() ? " " : "");
      }
      try {
        assertThat(text(template.toString())).isNotNull();
        texts++;
      } catch (TemplateFault fault) {
        assertThat(fault.getMessage()).as("seed %d, %s", seed, template).isNotBlank();
      }
    }
    assertThat(texts).isPositive();
  }

  @Test
  void length_and_depth_are_no_trouble_or_a_fault_and_never_the_end_of_the_stack() {
    var longText = "a".repeat(100_000);
    assertThat(text("{{ \"" + longText + "\" }}")).isEqualTo(longText);
    assertThat(text("{{ `" + longText + "` }}")).isEqualTo(longText);
    assertThat(text("{{/* " + longText + " */}}")).isEmpty();

    int deep = 20_000;
    for (var template :
        List.of(
            "{{ " + "(".repeat(deep) + "1" + ")".repeat(deep) + " }}",
            "{{ if true }}".repeat(deep) + "{{ end }}".repeat(deep),
            "{{ 1" + " | print".repeat(deep) + " }}",
            "{{ $" + ".a".repeat(deep) + " }}")) {
      assertThatThrownBy(() -> text(template)).isInstanceOf(TemplateFault.class);
    }
  }

  @Test
  void what_is_never_closed_is_a_fault_at_once_however_long_it_is() {
    int many = 100_000;
    for (var template :
        List.of(
            "{".repeat(many),
            "{{ " + "/*".repeat(many),
            "{{ \"" + "\\\"".repeat(many),
            "{{ `" + "{{".repeat(many))) {
      assertTimeoutPreemptively(
          LIMIT,
          () ->
              assertThatThrownBy(() -> text(template))
                  .isInstanceOf(TemplateFault.class)
                  .hasMessageContaining("is never closed by }}"));
    }
  }

  @Nested
  class InATree {

    private static ObjectNode rendered(String config, String own) {
      var lower =
          TemplateLeaves.read(Documents.read(config).documents().getFirst().tree(), "llm/mine");
      var upper = Documents.read(own).documents().getFirst().tree();
      var merged = StrategicMerge.merge(lower, upper);
      var root = Nodes.object("metadata", ROOT.path("metadata"), "spec", merged);
      return TemplateLeaves.render(merged, new TemplateEvaluation(root));
    }

    @Test
    void a_template_sees_what_was_merged_over_its_config() {
      var spec =
          rendered(
              "{parallelism: {tensor: 2, expert: true}, labels:"
                  + " {a: '{{ .Spec.Parallelism.Tensor }}{{ .Spec.Parallelism.Expert }}'}}",
              "{parallelism: {tensor: 4, expert: false}}");
      assertThat(spec.at("/labels/a").textValue()).isEqualTo("4false");
    }

    @Test
    void a_template_sees_the_text_of_another() {
      var spec =
          rendered(
              "{tracing: {exporter: '{{ .ObjectMeta.Name }}!', sampler: '{{ .Spec.Tracing.Exporter"
                  + " }}?'}}",
              "{}");
      assertThat(spec.at("/tracing/sampler").textValue()).isEqualTo("llama!?");
    }

    @Test
    void index_finds_the_text_of_another_template() {
      var spec =
          rendered(
              "{labels: {team.io/a: '{{ .ObjectMeta.Name }}-x',"
                  + " b: '{{ index .Spec.Labels `team.io/a` }}!'}}",
              "{}");
      assertThat(spec.at("/labels/b").textValue()).isEqualTo("llama-x!");
    }

    @Test
    void what_a_service_says_is_never_a_template() {
      var spec =
          rendered(
              "{template: {containers: [{name: main, args: ['{{ .ObjectMeta.Name }}']}]}}",
              "{model: {name: '{{ .ObjectMeta.Name }}'}, template: {containers: [{name: main, args:"
                  + " [--chat-template, '{% for m in messages %}{{ m }}{% endfor %}']}]}}");
      assertThat(spec.at("/model/name").textValue()).isEqualTo("{{ .ObjectMeta.Name }}");
      assertThat(spec.at("/template/containers/0/args/1").textValue())
          .isEqualTo("{% for m in messages %}{{ m }}{% endfor %}");
    }

    @Test
    void a_size_that_is_none_is_an_error_where_it_is_used() {
      for (var size : List.of("x", "-1Gi", "0")) {
        assertThatThrownBy(
                () ->
                    rendered(
                        "{labels: {a: '{{ kvTransferConfig .Spec.KVCacheOffloading }}'}}",
                        "{kvCacheOffloading: {cpu: '" + size + "'}}"))
            .isInstanceOf(PresetException.class)
            .hasMessageContaining(
                "kvCacheOffloading.cpu is '" + size + "', allowed: a quantity of bytes, as 16Gi");
      }
    }

    @Test
    void a_value_cannot_break_out_of_its_json() {
      var spec =
          rendered("{labels: {a: '{{ .Spec.Model.Name }}'}}", "{model: {name: 'x\", \"b\": \"y'}}");
      assertThat(spec.path("labels").size()).isEqualTo(1);
      assertThat(spec.at("/labels/a").textValue()).isEqualTo("x\", \"b\": \"y");
    }

    @Test
    void an_error_names_config_and_path() {
      assertThatThrownBy(
              () ->
                  rendered(
                      "{template: {containers: [{name: main, args: [a, '{{ .Spec.Nope }}']}]}}",
                      "{}"))
          .isInstanceOf(PresetException.class)
          .hasMessageStartingWith(
              "config llm/mine, spec.template.containers[0].args[1]: field Nope is unknown");
      assertThatThrownBy(() -> rendered("{labels: {a: '{{ if }}'}}", "{}"))
          .isInstanceOf(PresetException.class)
          .hasMessageStartingWith("config llm/mine, spec.labels.a: {{if}} ends too early");
    }

    @Test
    void a_template_that_many_others_name_is_evaluated_once() {
      assertTimeoutPreemptively(
          LIMIT,
          () ->
              assertThat(rendered(chain(9, "{{if .Spec.Labels.%s}}{{end}}"), "{}").at("/labels/a0"))
                  .isEqualTo(TextNode.valueOf("")));
    }

    @Test
    void texts_that_multiply_are_an_error_before_they_fill_the_memory() {
      assertThatThrownBy(() -> rendered(chain(7, "{{.Spec.Labels.%s}}"), "{}"))
          .isInstanceOf(PresetException.class)
          .hasMessageContaining("more than 1000000 characters");
    }

    @Test
    void more_values_than_anybody_names_are_an_error() {
      assertThatThrownBy(() -> rendered("{labels: {a: '" + "{{1}}".repeat(10_001) + "'}}", "{}"))
          .isInstanceOf(PresetException.class)
          .hasMessageContaining("more than 10000 values");
    }

    /** Labels of which each names the next one ten times over. */
    private static String chain(int length, String reference) {
      var labels = new StringBuilder();
      for (int i = 0; i < length; i++) {
        var next = "a" + (i + 1);
        labels.append("a%d: '%s', ".formatted(i, reference.formatted(next).repeat(10)));
      }
      return "{labels: {%sa%d: x}}".formatted(labels, length);
    }

    @Test
    void a_template_that_comes_back_to_itself_is_an_error() {
      assertThatThrownBy(
              () ->
                  rendered(
                      "{tracing: {exporter: '{{ .Spec.Tracing.Sampler }}',"
                          + " sampler: '{{ .Spec.Tracing.Exporter }}'}}",
                      "{}"))
          .isInstanceOf(PresetException.class)
          .hasMessageContaining("refers to itself");
    }
  }
}
