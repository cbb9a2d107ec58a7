package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.tools.conform.Requirements;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What README.md and the pages under docs tell a reader to type does what they say. */
class DocsIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final String README_URL = "http://127.0.0.1:8080";
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```\\w*\\n(.*?)^```$");
  private static final Pattern SPAN = Pattern.compile("`(?:deploy/bin/)?penstock ([^`]+)`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^):#]+)\\)");

  @Test
  void the_curl_line_streams_an_answer_of_the_demo() throws Exception {
    try (var demo = demo()) {
      String curl = block("curl ").replace(README_URL, demoUrl(demo));
      assertThat(run("bash", "-c", curl))
          .contains("data: {\"id\":\"chatcmpl-", "\"delta\":{\"content\":")
          .endsWith("data: [DONE]\n\n");
    }
  }

  @Test
  @Tag("openai")
  void the_python_lines_print_an_answer_of_the_demo() throws Exception {
    String python = Kit.bringUp("openai", "openai-up", "python");
    try (var demo = demo()) {
      String lines = block("from openai import").replace(README_URL, demoUrl(demo));
      assertThat(run(python, "-c", lines).strip()).isNotEmpty().doesNotContain("Traceback");
    }
  }

  @Test
  void the_serve_line_starts_a_gateway() throws Exception {
    List<String> line = words(block("deploy/bin/penstock serve"));
    // As it stands, but for the ports, which may be taken here.
    line.addAll(List.of("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"));
    try (var gateway = PenstockProcess.of(inCheckout(line))) {
      assertThat(gateway.admin("/livez").statusCode()).isEqualTo(200);
      assertThat(gateway.admin("/debug/endpoints").body()).contains("10.0.0.11:8000");
    }
  }

  @Test
  void the_test_command_and_the_demo_line_are_what_ci_runs() throws Exception {
    String ci = Files.readString(ROOT.resolve(".ci/run")).replace("mvn -B -ntp ", "mvn ");
    String demo = "deploy/bin/penstock demo --port 0 --requests 200";
    assertThat(page("README.md")).contains("`" + demo + "`");
    assertThat(ci.lines()).contains(block("mvn ").strip(), demo);
  }

  @Test
  void every_command_and_flag_that_is_named_exists() throws Exception {
    Map<String, String> help = new HashMap<>();
    for (var page : pages()) {
      var span = SPAN.matcher(Files.readString(page));
      while (span.find()) {
        String[] words = span.group(1).split("\\s+", -1);
        String command = words[0];
        if (!help.containsKey(command)) {
          var told = PenstockProcess.run(command, "--help");
          assertThat(told.status()).as("%s: %s", page, span.group()).isZero();
          help.put(command, told.output());
        }
        for (String word : words) {
          if (word.startsWith("--")) {
            assertThat(help.get(command)).as("%s: %s", page, span.group()).contains(word);
          }
        }
      }
    }
    assertThat(help).containsKeys("demo", "serve", "validate");
  }

  @Test
  void the_page_on_conformance_lists_every_requirement() throws Exception {
    var rows = page("docs/conformance.md").lines().filter(line -> line.matches("\\| [\\dS]+.*"));
    assertThat(rows)
        .containsExactlyElementsOf(
            Requirements.ALL.stream()
                .map(each -> "| %s | %s | %s |".formatted(each.id(), each.level(), each.title()))
                .toList());
  }

  @Test
  void every_linked_page_exists() throws Exception {
    int links = 0;
    for (var page : pages()) {
      var link = LINK.matcher(Files.readString(page));
      while (link.find()) {
        assertThat(page.resolveSibling(link.group(1))).as("%s: %s", page, link.group()).exists();
        links++;
      }
    }
    assertThat(links).isGreaterThan(5);
  }

  /** The demo line of the README; with free ports where its own are taken. */
  private static PenstockProcess demo() throws IOException {
    List<String> line = words(block("deploy/bin/penstock demo"));
    if (!free(8080) || !free(9090)) {
      line.addAll(List.of("--port", "0"));
    }
    return PenstockProcess.of(inCheckout(line));
  }

  private static String demoUrl(PenstockProcess demo) {
    String said = demo.said("4 simulated vLLM pods serve 'tiny' behind ");
    return said.strip();
  }

  private static List<String> inCheckout(List<String> line) {
    List<String> command = new ArrayList<>(line);
    command.set(0, ROOT.resolve(line.getFirst()).toString());
    return command;
  }

  private static boolean free(int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The only block of README.md that begins so. */
  private static String block(String beginning) throws IOException {
    var blocks = BLOCK.matcher(page("README.md")).results().map(found -> found.group(1)).toList();
    var fitting = blocks.stream().filter(block -> block.startsWith(beginning)).toList();
    assertThat(fitting).as(beginning).hasSize(1);
    return fitting.getFirst();
  }

  private static List<String> words(String line) {
    return new ArrayList<>(List.of(line.strip().split(" ", -1)));
  }

  private static String page(String name) throws IOException {
    return Files.readString(ROOT.resolve(name));
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (var docs = Files.walk(ROOT.resolve("docs"))) {
      docs.filter(page -> page.toString().endsWith(".md")).forEach(pages::add);
    }
    return pages;
  }

  private static String run(String... command) throws Exception {
    var process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    boolean ended = process.waitFor(Duration.ofMinutes(1).toSeconds(), TimeUnit.SECONDS);
    assertThat(ended && process.exitValue() == 0).as(output).isTrue();
    return output;
  }
}
