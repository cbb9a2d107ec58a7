package io.penstock.controller.desired;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.FieldPath;
import io.penstock.controller.api.Finding;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Trees;
import io.penstock.controller.api.Verdict;
import io.penstock.controller.preset.ConfigLookup;
import java.util.List;
import java.util.Optional;

/**
 * Tries a config out: renders a made-up service that stands on it, so that a template that nobody
 * can render is refused when it is written and not when a service needs it. What a config merely
 * lacks is no fault: services bring it. Pure function.
 */
public final class ConfigTrial {

  /** Reason of what renders no template. */
  private static final String TEMPLATE_FAULT = "CombineBaseError";

  private ConfigTrial() {}

  /** Judges a config of the hub version; does not change it. */
  public static Verdict check(ObjectNode config) {
    var service = Trees.newObject();
    service.put("apiVersion", Kinds.HUB_API).put("kind", Kinds.SERVICE);
    service.putObject("metadata").put("name", "sample").put("namespace", "sample");
    var spec = service.putObject("spec");
    spec.putObject("model").put("uri", "hf://sample/model").put("name", "sample");
    spec.putArray("baseRefs").addObject().put("name", Trees.name(config));
    return switch (Renderer.render(service, only(config), ClusterFacts.offline())) {
      case Rendering.Refused(var reason, var message) when reason.equals(TEMPLATE_FAULT) ->
          new Verdict(
              List.of(new Finding(FieldPath.SPEC, Finding.Kind.INVALID, message)), List.of());
      case Rendering.Refused _, Rendering.Rendered _ -> Verdict.FINE;
    };
  }

  private static ConfigLookup only(ObjectNode config) {
    return new ConfigLookup() {
      @Override
      public Optional<ObjectNode> config(String namespace, String name) {
        return name.equals(Trees.name(config)) ? Optional.of(config) : Optional.empty();
      }

      @Override
      public Optional<ObjectNode> configMap(String namespace, String name) {
        return Optional.empty();
      }
    };
  }
}
