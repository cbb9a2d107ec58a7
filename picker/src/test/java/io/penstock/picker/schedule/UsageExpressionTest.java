package io.penstock.picker.schedule;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.signals.TokenUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What CEL makes of token counts, here as there. */
class UsageExpressionTest {

  private static TokenUsage usage(String json) {
    var usage = new TokenUsage();
    byte[] bytes = ("{\"usage\": " + json + "}").getBytes(US_ASCII);
    usage.look(bytes, 0, bytes.length);
    return usage;
  }

  /** A prompt of 100 tokens, 64 of them cached, and an answer of 25. */
  private static final TokenUsage WHOLE =
      usage(
          "{\"prompt_tokens\": 100, \"completion_tokens\": 25, \"total_tokens\": 125,"
              + " \"prompt_tokens_details\": {\"cached_tokens\": 64}}");

  private static final TokenUsage PROMPT_ALONE = usage("{\"prompt_tokens\": 100}");

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      value = {
        "usage.prompt_tokens => 100",
        "usage.prompt_tokens + usage.completion_tokens => 125",
        "usage.total_tokens => 125",
        "usage.prompt_tokens_details.cached_tokens => 64",
        "usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens * 0.5 => 68",
        "usage.prompt_tokens + 2.0 * usage.completion_tokens => 150",
        "(usage.prompt_tokens + 2) * usage.completion_tokens => 2550",
        "usage.prompt_tokens - 10 - 20 => 70",
        "usage.completion_tokens / 10 => 2.5",
        "int(usage.completion_tokens) / 10 => 2",
        "-7 / 2 => -3",
        "-7 % 3 => -1",
        "int(usage.prompt_tokens) % 7 => 2",
        "double(7) / 2 => 3.5",
        "int(2.9) => 2",
        "- -3 => 3",
        "usage.completion_tokens > 20 ? 1 : 2 => 1",
        "usage.completion_tokens > 25 ? 1 : usage.prompt_tokens >= 100 ? 2 : 3 => 2",
        "has(usage.prompt_tokens) && !has(usage.completion_tokens) ? 1 : 2 => 2",
        "(has(usage.prompt_tokens)?usage.prompt_tokens:0)+(has(usage.total_tokens)?1:0) => 101",
        "true || false && false ? 1 : 2 => 1",
        "1 + 1 == 2 && 3 != 4 && 2 <= 2 && 1 < 2 ? 7 : 8 => 7",
        "true == !false ? 5 : 6 => 5",
      })
  void comes_to(String text, double expected) {
    assertThat(UsageExpression.ofNumber(text).number(WHOLE)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      value = {
        "usage.completion_tokens => NaN",
        "usage.total_tokens + 1 => NaN",
        "-usage.completion_tokens => NaN",
        "int(usage.completion_tokens) => NaN",
        "1 / 0 => NaN",
        "5 % 0 => NaN",
        "usage.completion_tokens > 1 ? 1 : 2 => NaN",
        "has(usage.completion_tokens) ? usage.completion_tokens : 0 => 0",
        "usage.completion_tokens > 1 || usage.prompt_tokens > 1 ? 1 : 2 => 1",
        "usage.completion_tokens > 1 && usage.prompt_tokens > 500 ? 1 : 2 => 2",
        "usage.completion_tokens > 1 || usage.prompt_tokens > 500 ? 1 : 2 => NaN",
        "usage.completion_tokens > 1 && usage.prompt_tokens > 1 ? 1 : 2 => NaN",
        "!(usage.completion_tokens > 1) ? 1 : 2 => NaN",
      })
  void has_no_value_where_a_count_is_missing_that_matters(String text, double expected) {
    assertThat(UsageExpression.ofNumber(text).number(PROMPT_ALONE))
        .isEqualTo(Double.valueOf(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '"',
      value = {
        "usage.tokens => 'usage.tokens' is not known; allowed: usage.completion_tokens,"
            + " usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.total_tokens",
        "prompt_tokens => 'prompt_tokens' is not known",
        "usage.prompt_tokens + => it ends too early, before character 22",
        "usage.prompt_tokens 2 => '2' is not understood, before character 21",
        "(1 + 2 => ')' is missing, before character 7",
        "has usage.prompt_tokens => '(' is missing, before character 5",
        "true ? 1 => ':' is missing",
        "1 ? 2 : 3 => true or false is needed here",
        "1 + true => a number is needed here",
        "true ? 1 : false => a choice is between a number and true or false",
        "1 == true => a number is compared with true or false",
        "usage.prompt_tokens % 2 => '%' is for whole numbers: int(x)",
        "1.2.3 => '1.2.3' is no number",
        "[1] => '[' is not understood, before character 1",
        "size(usage) => 'size' is not known",
        "has(usage.prompt_tokens) => is true or false; a number is needed",
      })
  void says_what_is_not_understood_and_where(String text, String message) {
    assertThatThrownBy(() -> UsageExpression.ofNumber(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void is_of_the_kind_that_is_needed_and_of_a_bounded_length() {
    assertThatThrownBy(() -> UsageExpression.ofTruth("1"))
        .hasMessage("is a number; true or false is needed");
    assertThatThrownBy(() -> UsageExpression.ofNumber("(".repeat(UsageExpression.LONGEST) + "1"))
        .hasMessage("is longer than 1000 characters");
    var deep = UsageExpression.LONGEST / 2 - 1;
    var nested = "(".repeat(deep) + "1" + ")".repeat(deep);
    assertThat(UsageExpression.ofNumber(nested).number(WHOLE)).isEqualTo(1);
  }

  @Test
  void a_report_is_a_whole_number_where_its_condition_holds() {
    var expression = UsageExpression.ofNumber("usage.completion_tokens / 2");
    var condition = UsageExpression.ofTruth("usage.completion_tokens > 20");

    assertThat(new UsageReport("n", "k", expression, null).value(WHOLE)).isEqualTo(12);
    assertThat(new UsageReport("n", "k", expression, condition).value(WHOLE)).isEqualTo(12);
    assertThat(new UsageReport("n", "k", expression, condition).value(PROMPT_ALONE)).isZero();
    assertThat(new UsageReport("n", "k", expression, null).value(PROMPT_ALONE)).isZero();
    var infinite = UsageExpression.ofNumber("1.0 / 0");
    assertThat(new UsageReport("n", "k", infinite, null).value(WHOLE)).isZero();
  }
}
