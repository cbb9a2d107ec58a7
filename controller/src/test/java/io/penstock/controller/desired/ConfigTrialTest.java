package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.controller.api.Sample;
import io.penstock.controller.api.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigTrialTest {

  @Test
  void a_config_whose_templates_render_is_fine_however_partial() {
    assertThat(ConfigTrial.check(Sample.config("replicas: 1"))).isEqualTo(Verdict.FINE);
    assertThat(ConfigTrial.check(Sample.config("worker: {}"))).isEqualTo(Verdict.FINE);
    for (var half :
        List.of(
            "kvCacheOffloading: {evictionPolicy: arc}",
            "prefill: {kvCacheOffloading: {evictionPolicy: arc}}",
            "kvCacheOffloading: {cpu: '{{ index .ObjectMeta.Annotations `cache` }}'}")) {
      assertThat(ConfigTrial.check(Sample.config(half))).as(half).isEqualTo(Verdict.FINE);
    }
    assertThat(
            ConfigTrial.check(
                Sample.config(
                    "template: {containers: [{name: main, args: ['{{ .Spec.Model.Name }}']}]}")))
        .isEqualTo(Verdict.FINE);
  }

  @Test
  void a_template_that_nobody_can_read_is_refused_with_its_place() {
    var config = Sample.config("template: {containers: [{name: main, image: '{{ .Spec.'}]}");
    var before = config.deepCopy();

    var verdict = ConfigTrial.check(config);

    assertThat(verdict.errors())
        .singleElement()
        .asString()
        .startsWith("spec: config sample/llm, spec.template.containers[0].image: ");
    assertThat(config).isEqualTo(before);
  }

  @Test
  void a_function_that_does_not_exist_is_refused() {
    var config = Sample.config("template: {nodeName: '{{ unheardOf .Spec }}'}");

    assertThat(ConfigTrial.check(config).errors())
        .singleElement()
        .asString()
        .contains("spec.template.nodeName");
  }
}
