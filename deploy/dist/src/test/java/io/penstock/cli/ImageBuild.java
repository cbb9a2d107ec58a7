package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Carries out what {@code deploy/images/Dockerfile} says, in folders in place of images: COPY and
 * RUN of each stage, with a folder for the file system's root. What the base images bring is this
 * machine's. Each stage is built in the same folder, as each image has the same root.
 */
final class ImageBuild {

  /** An instruction; its words are all that follows the keyword. */
  record Instruction(String keyword, String text) {

    List<String> words() {
      return List.of(text.split("\\s+", -1));
    }
  }

  private static final List<String> TOP_FOLDERS = List.of("/opt", "/layers");

  private final Path context;
  private final Path root;
  private final Map<String, Path> stages = new HashMap<>();
  private final List<Instruction> last = new ArrayList<>();
  private final List<List<Path>> layers = new ArrayList<>();
  private String stage = "";

  private ImageBuild(Path context, Path folder) {
    this.context = context;
    this.root = folder.resolve("root");
  }

  /** Builds, and ends with the last stage in {@link #root}. */
  static ImageBuild of(Path dockerfile, Path context, Path folder) throws Exception {
    var build = new ImageBuild(context, folder);
    for (var instruction : instructions(dockerfile)) {
      build.carryOut(instruction, folder);
    }
    return build;
  }

  /** The instructions of a file, each on one line. */
  static List<Instruction> instructions(Path dockerfile) throws IOException {
    var lines =
        Files.readAllLines(dockerfile).stream()
            .filter(line -> !line.startsWith("#") && !line.isBlank())
            .toList();
    return Stream.of(String.join("\n", lines).replaceAll("\\\\\n\\s*", "").split("\n", -1))
        .map(line -> line.split(" ", 2))
        .map(parts -> new Instruction(parts[0], parts[1].strip()))
        .toList();
  }

  /** The file system's root of the stage that was built last. */
  Path root() {
    return root;
  }

  /** What each COPY of the last stage brought, in its order. */
  List<List<Path>> layers() {
    return layers;
  }

  /** What the last stage says, but COPY and RUN. */
  List<Instruction> configuration() {
    return last;
  }

  private void carryOut(Instruction instruction, Path folder) throws Exception {
    switch (instruction.keyword()) {
      case "FROM" -> begin(instruction.words(), folder);
      case "COPY" -> copy(instruction.words());
      case "RUN" -> run(rooted(instruction.text()));
      default -> last.add(instruction);
    }
  }

  private void begin(List<String> words, Path folder) throws IOException {
    if (Files.exists(root)) {
      var done = folder.resolve("stage-" + stage);
      Files.move(root, done);
      stages.put(stage, done);
    }
    stage = words.size() == 3 ? words.get(2) : "";
    last.clear();
    layers.clear();
    Files.createDirectories(root);
  }

  private void copy(List<String> words) throws Exception {
    boolean foreign = words.getFirst().startsWith("--from=");
    var from =
        foreign
            ? stages
                .get(words.getFirst().substring("--from=".length()))
                .resolve(words.get(1).substring(1))
            : context.resolve(words.get(0));
    var to = root.resolve(words.getLast().substring(1));
    assertThat(from).isDirectory();
    Files.createDirectories(to);
    run("cp -a '%s/.' '%s/'".formatted(from, to));
    try (var files = Files.walk(from)) {
      layers.add(
          files
              .filter(Files::isRegularFile)
              .map(file -> root.relativize(to.resolve(from.relativize(file))))
              .toList());
    }
  }

  /** A command with this folder in place of the root. */
  private String rooted(String command) {
    var rooted = command;
    for (var top : TOP_FOLDERS) {
      rooted = rooted.replaceAll("(?<![\\w./])" + top + "(?=[/ ]|$)", root + top);
    }
    return rooted;
  }

  private static void run(String command) throws Exception {
    var builder = new ProcessBuilder("sh", "-e", "-c", command).redirectErrorStream(true);
    var java = System.getProperty("java.home");
    builder.environment().put("JAVA_HOME", java);
    builder.environment().merge("PATH", java + "/bin:", (path, first) -> first + path);
    var process = builder.start();
    process.getOutputStream().close();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(command + "\n" + output).isZero();
  }
}
