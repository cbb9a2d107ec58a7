package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code deploy/images/Dockerfile} makes of the distribution, but for the base images: its
 * steps are carried out in folders, by this machine's JDK.
 */
class ImageIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final Path DISTRIBUTION = Path.of(System.getProperty("penstock.home"));
  private static final Path DOCKERFILE = ROOT.resolve("deploy/images/Dockerfile");

  /** Read beans with it where it is there, and do without it. */
  private static final Set<String> WITHOUT_DESKTOP =
      Set.of("com.fasterxml.jackson.databind", "org.yaml.snakeyaml");

  private static ImageBuild image;

  @TempDir private static Path folder;

  @BeforeAll
  static void build() throws Exception {
    image = ImageBuild.of(DOCKERFILE, DISTRIBUTION, folder.toRealPath());
  }

  @Test
  void every_jar_is_in_one_layer_and_those_of_others_come_first() throws Exception {
    var layers =
        image.layers().stream()
            .map(
                layer ->
                    layer.stream()
                        .map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(".jar"))
                        .filter(name -> !name.equals("jrt-fs.jar"))
                        .toList())
            .filter(layer -> !layer.isEmpty())
            .toList();

    assertThat(layers).hasSize(2);
    assertThat(layers.get(0)).isNotEmpty().noneMatch(name -> name.startsWith("penstock-"));
    assertThat(layers.get(1)).isNotEmpty().allMatch(name -> name.startsWith("penstock-"));
    var all = Stream.concat(layers.get(0).stream(), layers.get(1).stream()).toList();
    assertThat(all).doesNotHaveDuplicates();
    assertThat(all)
        .containsExactlyInAnyOrderElementsOf(
            jars().stream()
                .map(jar -> jar.getFileName().toString())
                .filter(name -> !name.matches(".*-(osx|windows)-.*"))
                .toList());
  }

  @Test
  void the_entry_point_runs_from_the_cache() throws Exception {
    var version = penstock("-XX:AOTMode=on -Xlog:aot*=info:file=" + folder.resolve("aot.log"));
    assertThat(version.status()).as(version.output()).isZero();
    assertThat(version.output()).contains("penstock ").contains("java 25");
    assertThat(Files.readString(folder.resolve("aot.log")))
        .contains("Using AOT-linked classes: true");

    // That a cache that does not fit is noticed by what is asked above.
    var jar = image.root().resolve("opt/penstock/lib/penstock-dist.jar");
    var time = Files.getLastModifiedTime(jar);
    Files.setLastModifiedTime(jar, FileTime.from(Instant.parse("1990-01-01T00:00:00Z")));
    assertThat(penstock("-XX:AOTMode=on").status()).isNotZero();
    Files.setLastModifiedTime(jar, time);
  }

  private static PenstockProcess.Finished penstock(String javaOptions) throws Exception {
    var entryPoint = configured("ENTRYPOINT").replaceAll("[\\[\\]\"]", "").substring(1);
    var command = new ArrayList<>(List.of(image.root().resolve(entryPoint).toString(), "version"));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    var java = configured("ENV").replace("JAVA_HOME=/", "");
    builder.environment().put("JAVA_HOME", image.root().resolve(java).toString());
    builder.environment().put("JAVA_OPTS", javaOptions);
    var process = builder.start();
    process.getOutputStream().close();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new PenstockProcess.Finished(process.waitFor(), output);
  }

  private static String configured(String keyword) {
    return image.configuration().stream()
        .filter(each -> each.keyword().equals(keyword))
        .map(ImageBuild.Instruction::text)
        .collect(Collectors.joining());
  }

  @Test
  void it_does_not_run_as_root() {
    assertThat(configured("USER")).matches("[1-9]\\d*:[1-9]\\d*");
  }

  @Test
  void the_runtime_has_the_modules_that_the_jars_use() throws Exception {
    var has =
        Files.readAllLines(image.root().resolve("opt/java/release")).stream()
            .filter(line -> line.startsWith("MODULES="))
            .map(line -> line.replaceAll("MODULES=|\"", ""))
            .collect(Collectors.joining());

    Set<String> used = new TreeSet<>();
    Set<String> ofDesktop = new HashSet<>();
    for (var line : jdeps()) {
      var parts = line.split(" -> ", -1);
      if (parts.length == 2 && parts[1].matches("(java|jdk)\\..*")) {
        used.add(parts[1].strip());
        if (parts[1].strip().equals("java.desktop")) {
          ofDesktop.add(parts[0].strip());
        }
      }
    }
    assertThat(ofDesktop).isEqualTo(WITHOUT_DESKTOP);
    used.remove("java.desktop");
    assertThat(used).contains("java.base", "java.net.http").isSubsetOf(List.of(has.split(" ", -1)));
  }

  /** Which module each jar's classes come from, as {@code jar -> module}. */
  private static List<String> jdeps() throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--multi-release",
                "25",
                "--ignore-missing-deps",
                "-summary",
                "--class-path",
                DISTRIBUTION.resolve("lib") + "/*"));
    jars().forEach(jar -> arguments.add(jar.toString()));
    var out = new StringWriter();
    int status =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(
                new PrintWriter(out),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                arguments.toArray(String[]::new));
    assertThat(status).isZero();
    return out.toString().lines().toList();
  }

  private static List<Path> jars() throws Exception {
    try (var files = Files.list(DISTRIBUTION.resolve("lib"))) {
      return files.filter(file -> file.toString().endsWith(".jar")).toList();
    }
  }
}
