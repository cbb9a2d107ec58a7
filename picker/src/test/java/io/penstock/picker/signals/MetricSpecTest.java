package io.penstock.picker.signals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a configuration writes which series it means. */
class MetricSpecTest {

  @Test
  void a_name_alone_means_all_series() {
    assertThat(MetricSpec.parse(" vllm:num_requests_waiting "))
        .isEqualTo(new MetricSpec("vllm:num_requests_waiting", Map.of()))
        .hasToString("vllm:num_requests_waiting");
    assertThat(MetricSpec.parse("a{}")).isEqualTo(MetricSpec.of("a"));
  }

  @Test
  void labels_have_values_with_quotes_or_without() {
    assertThat(MetricSpec.parse("a{ one = 1 , two=\"x, y\",three=p q,}"))
        .isEqualTo(new MetricSpec("a", Map.of("one", "1", "two", "x, y", "three", "p q")));
    assertThat(MetricSpec.parse("a{b=}")).isEqualTo(new MetricSpec("a", Map.of("b", "")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1a",
        "a b",
        "{b=c}",
        "a{b=c",
        "a{b}",
        "a{b=c}d",
        "a{b=c,b=d}",
        "a{b=\"c}",
        "a{=c}",
        "a{b=c,,d=e}",
        "a{b=\"c\\\"\"}"
      })
  void anything_else_is_refused(String text) {
    assertThatThrownBy(() -> MetricSpec.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
