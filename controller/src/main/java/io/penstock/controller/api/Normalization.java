package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Brings the pod templates of a service or config to one shape. A template may be a PodTemplateSpec
 * ({@code metadata} and {@code spec}) or a bare PodSpec; afterwards it is a bare PodSpec, and the
 * labels and annotations of its metadata stand beside it, where a value that is there already wins.
 *
 * <p>What is stored keeps the shape its author wrote: {@code kubectl apply} compares with that, and
 * a webhook that moved fields would make the second apply of a file mix both shapes. A template
 * that mixes them is left alone; {@link Validation} refuses it. Pure functions.
 */
public final class Normalization {

  private static final List<String> METADATA = List.of("labels", "annotations");

  private Normalization() {}

  /** A copy of an object of ours, in any version, whose templates are bare PodSpecs. */
  public static ObjectNode apply(ObjectNode object) {
    var copy = object.deepCopy();
    for (var place : TemplatePlace.all(copy)) {
      if (TemplateShape.of(place.template()) == TemplateShape.POD_TEMPLATE_SPEC) {
        hoist(place);
      }
    }
    return copy;
  }

  private static void hoist(TemplatePlace place) {
    var template = place.template();
    var pod = Trees.object(template, "spec");
    place.owner().set(place.name(), pod == null ? Trees.newObject() : pod);
    if (!place.hasLabels()) {
      return;
    }
    for (var kind : METADATA) {
      var values = Trees.object(template, "metadata", kind);
      if (values != null) {
        var target = Trees.with(place.owner(), kind);
        values.properties().forEach(e -> target.putIfAbsent(e.getKey(), e.getValue()));
      }
    }
  }
}
