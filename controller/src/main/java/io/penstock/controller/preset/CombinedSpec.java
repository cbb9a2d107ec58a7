package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ConfigSearch.Found;
import java.util.ArrayList;
import java.util.List;

/**
 * A service's spec over its base configs over the presets that it asks for. Templates are still
 * unread in it; {@link #rendered} evaluates them on the merged spec. Immutable.
 *
 * <p>Precedence, lowest first: scheduler, route, tracing, prefill and main workload from the
 * presets; the {@code baseRefs} in their order; the service. Which presets are taken is decided on
 * what the service and its base configs say together.
 */
public final class CombinedSpec {

  private final ObjectNode service;
  private final ObjectNode own;
  private final ObjectNode wanted;
  private final List<Found> bases;
  private final ConfigSearch search;

  private CombinedSpec(
      ObjectNode service,
      ObjectNode own,
      ObjectNode wanted,
      List<Found> bases,
      ConfigSearch search) {
    this.service = service;
    this.own = own;
    this.wanted = wanted;
    this.bases = bases;
    this.search = search;
  }

  /**
   * What the service and its base configs say.
   *
   * @param service of the hub version; not changed
   * @throws PresetException when a base config is not found or not understood
   */
  public static CombinedSpec of(ObjectNode service, ConfigLookup lookup, PresetScope scope) {
    var search = new ConfigSearch(service, lookup, scope);
    List<Found> bases = new ArrayList<>();
    for (var ref : at(service, "spec", "baseRefs")) {
      bases.add(search.base(text(ref, "name")));
    }
    ObjectNode merged = object();
    for (var base : bases) {
      merged = StrategicMerge.merge(merged, base.spec());
    }
    var own = ownSpec(service, merged);
    return new CombinedSpec(service, own, StrategicMerge.merge(merged, own), bases, search);
  }

  /** The service's spec over its base configs, presets aside; not to be changed. */
  public ObjectNode wanted() {
    return wanted;
  }

  /**
   * The whole spec, its templates evaluated.
   *
   * @param global what templates know as {@code .GlobalConfig}
   * @throws PresetException when a preset is not found, or a template cannot be evaluated
   */
  public Result rendered(ObjectNode global) {
    List<Found> all = new ArrayList<>();
    PresetNeeds.of(wanted).forEach(suffix -> all.add(search.preset(suffix)));
    all.addAll(bases);
    ObjectNode merged = object();
    for (var each : all) {
      merged = StrategicMerge.merge(merged, each.spec());
    }
    merged = StrategicMerge.merge(merged, own);
    merged.remove("baseRefs");
    var root =
        object(
            "metadata",
            at(service, "metadata"),
            "status",
            at(service, "status"),
            "spec",
            merged,
            "GlobalConfig",
            global);
    var evaluation = new TemplateEvaluation(root);
    return new Result(
        TemplateLeaves.render(merged, evaluation), all.stream().map(Found::config).toList());
  }

  /**
   * A merged spec.
   *
   * @param spec without templates
   * @param applied what went into it, lowest precedence first
   */
  public record Result(ObjectNode spec, List<AppliedConfig> applied) {}

  /**
   * What the service itself says. A model that nobody names is called as the service; a model name
   * that is no more than this default does not hide that of a base config.
   */
  private static ObjectNode ownSpec(ObjectNode service, JsonNode bases) {
    var spec = service.path("spec") instanceof ObjectNode own ? own.deepCopy() : object();
    var own = text(spec, "model", "name");
    boolean isDefault = own.isEmpty() || own.equals(text(service, "metadata", "name"));
    boolean model = has(spec, "model") || (!spec.has("model") && has(bases, "model"));
    if (isDefault && !text(bases, "model", "name").isEmpty()) {
      objectAt(spec, "model").remove("name");
    } else if (own.isEmpty() && model) {
      objectAt(spec, "model").put("name", text(service, "metadata", "name"));
    }
    return spec;
  }
}
