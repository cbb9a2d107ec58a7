package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.schedule.ModelRule;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many endpoints a gateway is told of. */
class DestinationsTest {

  private static final String[] PODS = {"10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.3:8000"};

  private static EndpointPickerConfig naming(int most) {
    return TestPolicy.of(
        "plugins: [{type: max-score-picker, parameters: {maxNumOfEndpoints: " + most + "}}]\n");
  }

  private static List<String> named(RunningPicker picker) throws Exception {
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    var destination = stream.picked().destination();
    stream.cancel();
    return List.of(destination.split(",", -1));
  }

  @Test
  void as_many_are_named_as_the_policy_in_force_says() throws Exception {
    try (var picker = new RunningPicker(PODS)) {
      assertThat(named(picker)).hasSize(1);
      picker.picker().policy(naming(3));
      assertThat(named(picker)).containsExactlyInAnyOrder(PODS);
      picker.picker().policy(naming(2));
      assertThat(named(picker)).hasSize(2);
      picker.picker().policy(null);
      assertThat(named(picker)).hasSize(1);
      picker.awaitIdle();
    }
  }

  @Test
  void a_number_that_is_set_goes_before_the_policy_s() throws Exception {
    var usual = ExtProcSettings.defaults();
    var one = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, false);
    try (var picker = new RunningPicker(one, ModelRule.PREFERRED, PODS)) {
      picker.picker().policy(naming(3));
      assertThat(named(picker)).hasSize(1);
      picker.awaitIdle();
    }
  }
}
