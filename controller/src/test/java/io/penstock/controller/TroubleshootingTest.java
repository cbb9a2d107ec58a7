package io.penstock.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/controller.md} names every condition, reason and phase, and no reason besides. */
class TroubleshootingTest {

  private static final Path SOURCES = Path.of("src/main/java/io/penstock/controller");

  /** Where a reason is given to a condition that is not true. */
  private static final Pattern GIVEN =
      Pattern.compile(
          "(?:Verdict\\.no|Verdict\\.unknown|new Rendering\\.Refused|new PresetException"
              + "|new Problem|return stuck)\\(([^;]*);");

  private static final Pattern REASON = Pattern.compile("\"([A-Z][A-Za-z]{4,})\"");
  private static final Pattern CODE = Pattern.compile("`([A-Z][A-Za-z]+)`");
  private static final Pattern CONSTANT =
      Pattern.compile("public static final String ([A-Z_]+) = \"([A-Za-z]+)\"");

  /** What is made of a kind's name. */
  private static final Pattern OF_A_KIND =
      Pattern.compile("Invalid(?!Rendered)[A-Z]\\w+|[A-Z]\\w+(?:Refused|CRDMissing)");

  @Test
  void every_reason_has_its_row_and_every_row_a_reason() throws IOException {
    Set<String> given = new TreeSet<>();
    for (var source : sources()) {
      var call = GIVEN.matcher(source);
      while (call.find()) {
        var reason = REASON.matcher(call.group(1));
        while (reason.find()) {
          given.add(reason.group(1));
        }
      }
    }
    given.addAll(List.of("HPAProgressing", "ScaledObjectProgressing")); // handed through by Scalers
    given.remove("CRDMissing");
    given.remove("Invalid");
    given.remove("Refused");
    assertThat(given).contains("NameTaken", "Progressing", "ConfigNotFound", "NotCreated");

    var told = reasons();

    assertThat(told).containsAll(given);
    told.removeIf(reason -> OF_A_KIND.matcher(reason).matches());
    given.removeIf(reason -> OF_A_KIND.matcher(reason).matches());
    assertThat(told).isEqualTo(given);
  }

  @Test
  void reasons_that_are_made_of_kinds_are_explained_by_examples() throws IOException {
    assertThat(reasons())
        .contains("InvalidDeployment", "DeploymentRefused", "DeploymentCRDMissing");
  }

  /** The reasons of the table: the codes of its second column. */
  private static Set<String> reasons() throws IOException {
    Set<String> told = new TreeSet<>();
    var page = page();
    var section = page.substring(page.indexOf("## Troubleshooting"));
    for (var line : section.substring(0, section.indexOf("\n## ")).lines().toList()) {
      if (line.startsWith("| ") && !line.startsWith("| condition")) {
        var code = CODE.matcher(line.split("\\|", -1)[2]);
        while (code.find()) {
          told.add(code.group(1));
        }
      }
    }
    return told;
  }

  @Test
  void every_condition_that_is_set_is_named() throws IOException {
    var sources = sources();
    var constant = CONSTANT.matcher(Files.readString(SOURCES.resolve("api/Conditions.java")));
    List<String> set = new ArrayList<>();
    while (constant.find()) {
      var use = "Conditions." + constant.group(1) + "\\b";
      if (sources.stream().anyMatch(source -> Pattern.compile(use).matcher(source).find())) {
        set.add("`" + constant.group(2) + "`");
      }
    }
    assertThat(set).contains("`Ready`", "`RouterReady`");
    assertThat(page()).contains(set);
  }

  @Test
  void every_phase_is_explained() throws IOException {
    var phase =
        Pattern.compile("[A-Z]+\\(\"([A-Za-z]+)\"\\)")
            .matcher(Files.readString(SOURCES.resolve("reconcile/Phase.java")));
    List<String> rows = new ArrayList<>();
    while (phase.find()) {
      rows.add("\n| " + phase.group(1) + " | ");
    }
    assertThat(rows).hasSizeGreaterThan(5);
    assertThat(page()).contains(rows);
  }

  private static String page() throws IOException {
    return Files.readString(Path.of("../docs/controller.md"));
  }

  private static List<String> sources() throws IOException {
    try (var files = Files.walk(SOURCES)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .map(
              file -> {
                try {
                  return Files.readString(file);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              })
          .collect(Collectors.toList());
    }
  }
}
