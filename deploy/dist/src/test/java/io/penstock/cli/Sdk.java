package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import io.penstock.simulator.json.JsonWriter;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * A process in which a real OpenAI SDK carries out the steps of {@code deploy/kit/openai}, one
 * after another. The SDK's own time limit of a minute bounds each step.
 */
final class Sdk implements AutoCloseable {

  private final Process process;
  private final Writer steps;
  private final BufferedReader answers;

  private Sdk(ProcessBuilder command) throws IOException {
    process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    steps = process.outputWriter(StandardCharsets.UTF_8);
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /** openai-python; skips the test where it cannot be installed. */
  static Sdk python() throws Exception {
    String python = Kit.bringUp("openai", "openai-up", "python");
    return new Sdk(new ProcessBuilder(python, Kit.file("openai/contract.py").toString()));
  }

  /** openai-node; skips the test where it cannot be installed. */
  static Sdk node() throws Exception {
    Path folder = Path.of(Kit.bringUp("openai-node", "openai-up", "node"));
    return new Sdk(
        new ProcessBuilder("node", Kit.file("openai/contract.mjs").toString())
            .directory(folder.toFile()));
  }

  /**
   * Carries out a step against a server and returns what it told.
   *
   * @param arguments strings, integers, and maps of strings
   */
  Json.Obj ask(String step, String url, Object... arguments) throws Exception {
    var line = new JsonWriter().array().value(step).value(url);
    for (Object argument : arguments) {
      switch (argument) {
        case String text -> line.value(text);
        case Integer number -> line.value(number.longValue());
        case Map<?, ?> map -> {
          line.object();
          map.forEach((name, value) -> line.field(name.toString(), value.toString()));
          line.endObject();
        }
        default -> throw new IllegalArgumentException("no step takes " + argument);
      }
    }
    steps.write(line.endArray() + "\n");
    steps.flush();
    String answer = answers.readLine();
    assertThat(answer).as("the SDK's answer to " + step).isNotNull();
    return (Json.Obj) JsonReader.parse(answer);
  }

  @Override
  public void close() throws IOException {
    steps.close();
    process.destroy();
  }
}
