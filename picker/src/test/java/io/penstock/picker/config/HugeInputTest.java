package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What nobody writes, but somebody may send: it costs neither the stack nor the heap. */
class HugeInputTest {

  private static final int MANY = 100_000;

  private static List<String> errors(String text) {
    var loaded = EndpointPickerLoader.load("epp.yaml", text, false);
    return ((LoadedPicker.Invalid) loaded).errors().stream().map(ConfigError::toString).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{a: ", "- "})
  void what_is_nested_too_deep_is_refused_where_it_is(String level) {
    assertThat(errors("kind:\n  " + level.repeat(MANY)))
        .singleElement()
        .asString()
        .startsWith("epp.yaml:2:")
        .contains("nested deeper than 200");
  }

  @Test
  void what_is_nested_less_is_read_and_said_to_be_wrong() {
    var text = "plugins: " + "[".repeat(150) + "]".repeat(150) + "\n";

    assertThat(errors(text))
        .anyMatch(error -> error.contains("plugins[0]: expected a mapping, found a list"));
  }

  @Test
  void an_escape_beyond_all_characters_is_refused() {
    assertThat(errors("kind: \"\\UFFFFFFFF\"\n"))
        .containsExactly("epp.yaml: not YAML: the escape of a character is out of range");
  }

  @Test
  void a_list_of_many_is_not_deep() {
    var text = "featureGates: [" + "[], {}, ".repeat(MANY) + "]\n";

    assertThat(errors(text)).hasSizeGreaterThan(MANY);
  }

  @Test
  void a_time_may_have_any_number_of_parts() {
    assertThat(GoDuration.nanos("1ms".repeat(MANY))).isEqualTo(MANY * 1_000_000L);
    assertThatThrownBy(() -> GoDuration.nanos("1ms".repeat(MANY) + "1"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1m30s, 90000000000", "1.5ms, 1500000", "1h1m1s1ms1us1ns, 3661001001001"})
  void a_time_is_the_sum_of_its_parts(String text, long nanos) {
    assertThat(GoDuration.nanos(text)).isEqualTo(nanos);
  }

  @Test
  void a_long_text_is_like_no_name() {
    assertThat(Suggestion.didYouMean("x".repeat(20_000_000), List.of("queue-scorer"))).isEmpty();
    assertThat(Suggestion.didYouMean("x".repeat(MANY), List.of("y" + "x".repeat(MANY)))).isEmpty();
    assertThat(Suggestion.didYouMean("queu-scorer", List.of("queue-scorer")))
        .isEqualTo("; did you mean queue-scorer?");
  }

  @Test
  void what_is_said_of_a_long_text_or_key_is_short() {
    var text = "plugins: [{type: " + "a".repeat(MANY) + "}]\n? " + "b".repeat(MANY) + "\n: 1\n";

    assertThat(errors(text))
        .allSatisfy(error -> assertThat(error).startsWith("epp.yaml:").hasSizeLessThan(5_000))
        .anySatisfy(error -> assertThat(error).startsWith("epp.yaml:1:18: plugins[0].type: 'aaa"))
        .anySatisfy(error -> assertThat(error).contains("aaa' is unknown"))
        .anySatisfy(error -> assertThat(error).contains("bbb: unknown key; allowed: apiVersion"));
  }
}
