package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Documents;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.app.Comparisons;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.desired.Renderer;
import io.penstock.controller.desired.Rendering;
import io.penstock.controller.reconcile.Comparison;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code penstock render}: the objects that LLMInferenceServices become, without a cluster, or
 * beside what there is in one.
 */
@Command(
    name = "render",
    description = {
      "Prints every object that an LLMInferenceService becomes; asks no cluster.",
      "With --diff: what the controller would change in the cluster. Status 0: nothing, 1:"
          + " something, 2: that cannot be told."
    },
    mixinStandardHelpOptions = true)
final class RenderCommand implements Callable<Integer> {

  @Option(
      names = {"-f", "--filename"},
      paramLabel = "FILE",
      arity = "1..*",
      required = true,
      description =
          "manifests: services, and the configs and ConfigMaps that they name; - for standard"
              + " input")
  private List<String> files = new ArrayList<>();

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "namespace of what names none (default: ${DEFAULT-VALUE})")
  private String namespace = "default";

  @Option(
      names = "--diff",
      description =
          "compare with the cluster, which applies each object as a dry run, and change nothing")
  private boolean diff;

  @Option(
      names = "--system-namespace",
      paramLabel = "NAME",
      description =
          "the controller's own, of configs for every service (default: the variable NAMESPACE,"
              + " else penstock-system)")
  private @Nullable String systemNamespace;

  @Mixin private final RenderingOptions rendering = new RenderingOptions();

  @Mixin private final ClusterOptions cluster = new ClusterOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    var manifests = new Manifests(namespace);
    for (var file : files) {
      try {
        manifests.read(file);
      } catch (NoSuchFileException e) {
        throw new ParameterException(spec.commandLine(), "there is no file " + file, e);
      }
    }
    manifests.warnings().forEach(warning -> say("warning: " + warning));
    List<String> errors = new ArrayList<>(manifests.errors());
    if (errors.isEmpty() && manifests.services().isEmpty()) {
      errors.add("no %s is in %s".formatted(Kinds.SERVICE, String.join(", ", files)));
    }
    var facts = rendering.facts(RenderingOptions.systemNamespace(systemNamespace));
    return diff ? diff(manifests, facts, errors) : render(manifests, facts, errors);
  }

  /** As {@code kubectl diff} ends: 0, 1 with a difference, more with an error. */
  private int diff(Manifests manifests, ClusterFacts facts, List<String> errors) {
    cluster.refuseAny(spec.commandLine());
    boolean changes = false;
    if (errors.isEmpty()) {
      try (var comparisons = new Comparisons(facts)) {
        for (var service : manifests.services()) {
          changes |= show(service, comparisons.compare(service, manifests), errors);
        }
      } catch (IOException e) {
        errors.add(String.valueOf(e.getMessage()));
      }
    }
    errors.forEach(this::say);
    return errors.isEmpty() ? (changes ? 1 : 0) : 2;
  }

  private boolean show(ObjectNode service, Comparison.Result result, List<String> errors) {
    var name = service.path("metadata").path("name").asText();
    result.notes().forEach(note -> say("note: " + name + ": " + note));
    result.problems().forEach(problem -> errors.add(name + ": " + problem));
    var out = spec.commandLine().getOut();
    for (var change : result.changes()) {
      UnifiedDiff.of(
              change.before() == null ? "/dev/null" : "cluster/" + change.name(),
              lines(change.before()),
              change.after() == null ? "/dev/null" : "rendered/" + change.name(),
              lines(change.after()))
          .forEach(out::println);
    }
    out.flush();
    return !result.changes().isEmpty();
  }

  private static List<String> lines(@Nullable ObjectNode object) {
    return object == null ? List.of() : Documents.print(List.of(object)).lines().toList();
  }

  private int render(Manifests manifests, ClusterFacts facts, List<String> errors) {
    List<ObjectNode> children = new ArrayList<>();
    for (var service : manifests.services()) {
      render(service, manifests, cluster.complete(facts), children, errors);
    }
    if (!errors.isEmpty()) {
      errors.forEach(this::say);
      return CommandLine.ExitCode.SOFTWARE;
    }
    spec.commandLine().getOut().print(Documents.print(children));
    spec.commandLine().getOut().flush();
    return CommandLine.ExitCode.OK;
  }

  private void render(
      ObjectNode service,
      Manifests manifests,
      ClusterFacts facts,
      List<ObjectNode> children,
      List<String> errors) {
    var name = service.path("metadata").path("name").asText();
    switch (Renderer.render(service, manifests, facts)) {
      case Rendering.Refused(var reason, var message) ->
          errors.add("%s: %s: %s".formatted(name, reason, message));
      case Rendering.Rendered rendered -> {
        rendered.warnings().forEach(warning -> say("warning: " + name + ": " + warning));
        rendered
            .certificate()
            .ifPresent(
                wanted ->
                    say(
                        "note: %s: the controller also makes the Secret %s, with a certificate of %s"
                            .formatted(name, wanted.secretName(), wanted.dnsNames().getFirst())));
        children.addAll(rendered.children());
      }
    }
  }

  private void say(String sentence) {
    spec.commandLine().getErr().println("penstock: " + sentence);
    spec.commandLine().getErr().flush();
  }
}
