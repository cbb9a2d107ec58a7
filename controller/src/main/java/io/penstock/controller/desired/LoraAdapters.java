package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.PresetException;
import io.penstock.controller.preset.ShellWords;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** A service's LoRA adapters, in the order of their names. */
final class LoraAdapters {

  private static final String FOLDER = "/mnt/lora/";
  private static final int LONGEST = 40;

  private LoraAdapters() {}

  /** Their names. */
  static List<String> names(JsonNode spec) {
    return adapters(spec).stream().map(each -> text(each, "name")).toList();
  }

  private static List<JsonNode> adapters(JsonNode spec) {
    List<JsonNode> adapters = new ArrayList<>();
    at(spec, "model", "lora", "adapters").forEach(adapters::add);
    adapters.sort(Comparator.comparing(each -> text(each, "name")));
    return adapters;
  }

  /** What is to be brought into pods. */
  static List<ModelStorage.Item> items(JsonNode spec) {
    List<ModelStorage.Item> items = new ArrayList<>();
    for (var adapter : adapters(spec)) {
      var name = text(adapter, "name");
      items.add(
          new ModelStorage.Item(
              text(adapter, "uri"),
              FOLDER + folder(name),
              "lora-" + folder(name),
              "spec.model.lora.adapters[" + name + "].uri"));
    }
    return items;
  }

  /**
   * Tells the engine about them, unless the user does.
   *
   * @throws PresetException when the engine is to load one of a revision, which it cannot be told
   */
  static void announce(ServiceView service, ObjectNode engine) {
    var adapters = adapters(service.spec());
    if (adapters.isEmpty() || Engine.hasFlag(engine, "--lora-modules")) {
      return;
    }
    var lora = at(service.spec(), "model", "lora");
    List<String> args = new ArrayList<>();
    args.add("--enable-lora");
    addNumber(args, "--max-lora-rank", lora, "maxRank");
    addNumber(args, "--max-loras", lora, "maxAdapters");
    addNumber(args, "--max-cpu-loras", lora, "maxCpuAdapters");
    args.add("--lora-modules");
    for (var adapter : adapters) {
      var name = text(adapter, "name");
      var path = path(service.spec(), name, text(adapter, "uri"));
      for (var served : List.of(name, service.publishedName(name))) {
        var module = object("name", served, "path", path);
        args.add(ShellWords.literalArgument(module.toString()));
      }
    }
    Engine.prependArgs(engine, args);
  }

  /** Where the engine finds an adapter: where it has been brought, else in its repository. */
  private static String path(JsonNode spec, String name, String uri) {
    if (ModelStorage.enabled(spec) || !ModelStorage.isHuggingFace(uri)) {
      return FOLDER + folder(name);
    }
    if (!ModelStorage.revision(uri).isEmpty()) {
      throw new PresetException(
          "InvalidRenderedConfig",
          "spec.model.lora.adapters[%s].uri is '%s': vLLM loads no revision of an adapter"
              .formatted(name, uri));
    }
    return ModelStorage.repository(uri);
  }

  private static void addNumber(List<String> args, String flag, JsonNode lora, String field) {
    if (has(lora, field)) {
      args.add(flag + "=" + lora.path(field).asLong());
    }
  }

  /** A name that is a folder's and a volume's; what that takes away is made up for by a sum. */
  private static String folder(String name) {
    var plain = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    var cut = plain.substring(0, Math.min(plain.length(), LONGEST)).replaceAll("^-+|-+$", "");
    if (cut.equals(name)) {
      return name;
    }
    var sum = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
    return (cut.isEmpty() ? "" : cut + "-") + sum.substring(0, 8);
  }
}
