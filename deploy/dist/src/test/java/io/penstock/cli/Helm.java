package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Document;
import io.penstock.controller.api.Documents;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The real Helm on the chart of {@code deploy/helm}, with a home of its own. */
final class Helm {

  static final String CHART =
      Path.of(System.getProperty("penstock.root")).resolve("deploy/helm/penstock").toString();

  private final String command;
  private final Path home;

  /**
   * How a command ended.
   *
   * @param out what it printed to standard output
   * @param said what it printed to standard error
   */
  record Finished(int status, String out, String said) {}

  private Helm(String command, Path home) {
    this.command = command;
    this.home = home;
  }

  /** Brings it up, which the first time builds it. */
  static Helm bringUp(Path home) throws Exception {
    return new Helm(Kit.bringUp("kube", "helm-up"), home);
  }

  /** Runs it as an administrator of the kit's cluster, if there is one. */
  Finished run(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(arguments));
    var said = Files.createTempFile(home, "helm", ".err");
    var builder = new ProcessBuilder(all).redirectError(said.toFile());
    var variables = builder.environment();
    variables.put("KUBECONFIG", Kit.file(".cache/kube/run/admin.kubeconfig").toString());
    for (var kind : List.of("CACHE", "CONFIG", "DATA")) {
      variables.put("HELM_" + kind + "_HOME", home.toString());
    }
    var process = builder.start();
    process.getOutputStream().close();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Finished(process.waitFor(), out, Files.readString(said));
  }

  /** Runs it to a good end. */
  String ok(String... arguments) throws Exception {
    var done = run(arguments);
    assertThat(done.status()).as(done.out() + done.said()).isZero();
    return done.out();
  }

  /** The objects that a release {@code penstock} in {@code penstock-system} would have. */
  List<ObjectNode> template(String... flags) throws Exception {
    List<String> all =
        new ArrayList<>(List.of("template", "penstock", CHART, "--namespace", "penstock-system"));
    all.addAll(List.of(flags));
    return objects(ok(all.toArray(String[]::new)));
  }

  /** The objects of a YAML text. */
  static List<ObjectNode> objects(String yaml) {
    var read = Documents.read(yaml);
    assertThat(read.errors()).isEmpty();
    return read.documents().stream().map(Document::tree).toList();
  }
}
