package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Documents;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.desired.Renderer;
import io.penstock.controller.desired.Rendering;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock render}: the objects that LLMInferenceServices become, without a cluster. */
@Command(
    name = "render",
    description = "Prints every object that an LLMInferenceService becomes; asks no cluster.",
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
    List<ObjectNode> children = new ArrayList<>();
    for (var service : manifests.services()) {
      render(service, manifests, children, errors);
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
      ObjectNode service, Manifests manifests, List<ObjectNode> children, List<String> errors) {
    var name = service.path("metadata").path("name").asText();
    switch (Renderer.render(service, manifests, cluster.facts())) {
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
