package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import io.penstock.controller.preset.ConfigSearch.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A service's spec over its base configs over the presets that it asks for. Templates are still
 * unread in it; {@link #rendered} evaluates them on the merged spec. Immutable.
 *
 * <p>Precedence, lowest first: scheduler, route, tracing, prefill and main workload from the
 * presets; the {@code baseRefs} in their order; the service. Which presets are taken is decided on
 * what the service and its base configs say together.
 */
public final class CombinedSpec {

  /** What {@code .GlobalConfig} is made of, and templates may be. */
  private static final List<JsonPointer> GLOBAL_SOURCES =
      List.of(
          JsonPointer.compile("/model/uri"),
          JsonPointer.compile("/router/scheduler/pool/ref/name"));

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
   * @param global makes what templates know as {@code .GlobalConfig} of {@link #wanted}, in which
   *     the model's URI and the pool's name are read
   * @throws PresetException when a preset is not found, or a template cannot be evaluated
   */
  public Result rendered(UnaryOperator<ObjectNode> global) {
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
            "metadata", at(service, "metadata"), "status", at(service, "status"), "spec", merged);
    root.set("GlobalConfig", global.apply(known(root, global)));
    var evaluation = new TemplateEvaluation(root);
    return new Result(
        TemplateLeaves.render(merged, evaluation), all.stream().map(Found::config).toList());
  }

  /** {@link #wanted} with the templates read that {@code .GlobalConfig} is made of. */
  private ObjectNode known(ObjectNode root, UnaryOperator<ObjectNode> global) {
    var known = wanted.deepCopy();
    var unread = wanted.deepCopy();
    for (var source : GLOBAL_SOURCES) {
      if (known.at(source) instanceof POJONode
          && unread.at(source.head()) instanceof ObjectNode holder) {
        holder.remove(source.last().getMatchingProperty());
      }
    }
    root.set("GlobalConfig", global.apply(unread));
    var evaluation = new TemplateEvaluation(root);
    for (var source : GLOBAL_SOURCES) {
      if (known.at(source) instanceof POJONode leaf
          && known.at(source.head()) instanceof ObjectNode holder) {
        holder.set(source.last().getMatchingProperty(), TemplateLeaves.text(leaf, evaluation));
      }
    }
    return known;
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
