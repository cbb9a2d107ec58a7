package io.penstock.controller.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values as words of a script, taken apart again by real shells behind Kubernetes' own reading. */
class ShellWordsTest {

  private static final String[] HOSTILE = {
    "'",
    "\"",
    "$",
    "$(",
    "$((",
    "${",
    "$$",
    ")",
    "}",
    "`",
    "\\",
    "\\'",
    "\n",
    "\r",
    "\t",
    " ",
    ";",
    "&",
    "&&",
    "|",
    ">",
    "<",
    "*",
    "?",
    "[",
    "~",
    "#",
    "!",
    "-",
    "--",
    "=",
    "a",
    "é",
    "日本",
    "😀",
    "{{ x }}",
    "$(VAR)",
    "$$(VAR)",
    "$VAR",
    "${VAR}",
    "touch /tmp/x",
    "'; exit 1; '",
    "\u007f",
    "\u0001"
  };

  private static final Map<String, String> VARIABLES =
      Map.of("VAR", "'; exit 7; '", "x", "\"; exit 7; \"", "id", "exit 7");

  private static final String PRINT = "printf '%s\\0'";

  @ParameterizedTest
  @ValueSource(strings = {"/bin/bash", "/bin/sh"})
  void every_value_arrives_as_one_argument_that_is_the_same(String shell) throws Exception {
    long seed = 6_1129;
    var random = new SplittableRandom(seed);
    List<String> values = new ArrayList<>(Arrays.asList(HOSTILE));
    values.add("");
    for (int i = 0; i < 600; i++) {
      var value = new StringBuilder();
      for (int n = random.nextInt(10); n >= 0; n--) {
        value.append(HOSTILE[random.nextInt(HOSTILE.length)]);
      }
      values.add(value.toString());
    }
    var script = new StringBuilder(PRINT);
    values.forEach(value -> script.append(" \\\n").append(ShellWords.quote(value)));

    var arguments = printed(shell, Kubelet.expand(script.toString(), VARIABLES));

    assertThat(arguments).as("seed %d", seed).isEqualTo(values);
  }

  @Test
  void an_argument_outside_of_a_script_arrives_as_it_is() {
    var random = new SplittableRandom(11);
    for (int i = 0; i < 5_000; i++) {
      var value = new StringBuilder();
      for (int n = random.nextInt(6); n >= 0; n--) {
        value.append(HOSTILE[random.nextInt(HOSTILE.length)]);
      }
      var literal = ShellWords.literalArgument(value.toString());
      assertThat(Kubelet.expand(literal, VARIABLES)).isEqualTo(value.toString());
    }
  }

  @Test
  void a_nul_is_refused_as_no_process_can_be_given_one() {
    assertThatThrownBy(() -> ShellWords.quote("a\0b")).isInstanceOf(IllegalArgumentException.class);
  }

  private static List<String> printed(String shell, String script) throws Exception {
    var process =
        new ProcessBuilder(shell, "-c", script)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    process.getOutputStream().close();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return Arrays.asList(out.substring(0, out.length() - 1).split("\0", -1));
  }
}
