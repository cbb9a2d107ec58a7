package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.preset.ChildName;
import io.penstock.controller.reconcile.ConditionList.Truth;
import org.junit.jupiter.api.Test;

/** What autoscalers say of themselves, as a verdict. */
class ScalersTest {

  private static final String LONG =
      "a-service-of-a-name-that-is-as-long-as-people-make-them-today";

  @Test
  void one_that_has_nothing_to_scale_is_well() {
    var scaler = scaler("HorizontalPodAutoscaler");
    say(scaler, "AbleToScale", "True", "SucceededGetScale");
    say(scaler, "ScalingActive", "False", "ScalingDisabled");

    assertThat(Scalers.verdict(scaler).orElseThrow().truth()).isEqualTo(Truth.TRUE);
  }

  @Test
  void one_that_has_said_half_of_it_is_not_known() {
    var scaler = scaler("HorizontalPodAutoscaler");
    say(scaler, "AbleToScale", "True", "SucceededGetScale");

    var verdict = Scalers.verdict(scaler).orElseThrow();

    assertThat(verdict.truth()).isEqualTo(Truth.UNKNOWN);
    assertThat(verdict.message()).contains("ScalingActive is not known yet");
  }

  @Test
  void a_scaled_object_says_it_in_one_condition() {
    var scaler = scaler("ScaledObject");
    assertThat(Scalers.verdict(scaler).orElseThrow().reason()).isEqualTo("ScaledObjectProgressing");

    say(scaler, "Ready", "False", "TriggerError");

    assertThat(Scalers.verdict(scaler).orElseThrow().reason()).isEqualTo("TriggerError");
  }

  @Test
  void prefill_pods_have_a_condition_of_their_own_however_long_the_name_is() {
    for (var service : new String[] {"s", LONG}) {
      for (var suffix : new String[] {"-kserve-prefill-hpa", "-kserve-prefill-keda"}) {
        var name = ChildName.of(service, suffix);
        assertThat(Scalers.condition(service, name)).isEqualTo("PrefillScalingReady");
      }
      var name = ChildName.of(service, "-kserve-hpa");
      assertThat(Scalers.condition(service, name)).isEqualTo("ScalingReady");
    }
  }

  @Test
  void what_does_not_scale_says_nothing() {
    assertThat(Scalers.verdict(scaler("Deployment"))).isEmpty();
  }

  private static ObjectNode scaler(String kind) {
    var scaler = Trees.newObject();
    scaler.put("kind", kind).putObject("metadata").put("name", "s-kserve-hpa");
    return scaler;
  }

  private static void say(ObjectNode scaler, String type, String status, String reason) {
    var all = Trees.with(scaler, "status").withArray("conditions");
    all.addObject().put("type", type).put("status", status).put("reason", reason);
  }
}
