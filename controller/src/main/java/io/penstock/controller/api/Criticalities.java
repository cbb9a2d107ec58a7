package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Moves the criticality of a model and its adapters between v1alpha1's fields and the hub's
 * annotations. Adapters are noted by name, so that a new order changes nothing; by index where the
 * name is absent, there twice, or digits only. KServe's notes, all by index, are read too. Changes
 * the tree it is given.
 */
final class Criticalities {

  private static final String FIELD = "criticality";
  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,6}");

  private Criticalities() {}

  static void toAnnotations(ObjectNode object) {
    var model = Trees.object(object, "spec", "model");
    if (model == null) {
      return;
    }
    if (isText(model.get(FIELD))) {
      Trees.with(object, "metadata", "annotations")
          .set(Annotations.MODEL_CRITICALITY, model.remove(FIELD));
    }
    var adapters = Trees.list(model, "lora", "adapters");
    var notes = notes(object);
    boolean more = false;
    for (int i = 0; i < adapters.size(); i++) {
      if (adapters.get(i) instanceof ObjectNode adapter && isText(adapter.get(FIELD))) {
        notes.set(key(adapters, i), adapter.remove(FIELD));
        more = true;
      }
    }
    if (more) {
      Trees.with(object, "metadata", "annotations")
          .put(Annotations.LORA_CRITICALITIES, Json.canonical(notes));
    }
  }

  static void toFields(ObjectNode object) {
    var model = Trees.object(object, "spec", "model");
    if (model == null) {
      return;
    }
    var noted = Trees.annotation(object, Annotations.MODEL_CRITICALITY);
    if (noted != null && !model.has(FIELD)) {
      model.put(FIELD, noted);
      Stash.removeAnnotation(object, Annotations.MODEL_CRITICALITY);
    }
    var adapters = Trees.list(model, "lora", "adapters");
    var notes = notes(object);
    var left = Trees.newObject();
    notes
        .properties()
        .forEach(
            e -> {
              var adapter = adapter(adapters, e.getKey());
              if (adapter != null && !adapter.has(FIELD) && isText(e.getValue())) {
                adapter.set(FIELD, e.getValue());
              } else {
                left.set(e.getKey(), e.getValue());
              }
            });
    if (left.size() == notes.size()) {
      return;
    }
    if (left.isEmpty()) {
      Stash.removeAnnotation(object, Annotations.LORA_CRITICALITIES);
    } else {
      Trees.with(object, "metadata", "annotations")
          .put(Annotations.LORA_CRITICALITIES, Json.canonical(left));
    }
  }

  private static ObjectNode notes(ObjectNode object) {
    var text = Trees.annotation(object, Annotations.LORA_CRITICALITIES);
    var notes = text == null ? null : Json.objectOrNull(text);
    return notes == null ? Trees.newObject() : notes;
  }

  private static String key(List<JsonNode> adapters, int index) {
    var name = Trees.text(adapters.get(index), "name");
    boolean own =
        !name.isEmpty()
            && !DIGITS.matcher(name).matches()
            && adapters.stream().filter(each -> Trees.text(each, "name").equals(name)).count() == 1;
    return own ? name : Integer.toString(index);
  }

  private static @Nullable ObjectNode adapter(List<JsonNode> adapters, String key) {
    if (DIGITS.matcher(key).matches()) {
      int index = Integer.parseInt(key);
      return index < adapters.size() && adapters.get(index) instanceof ObjectNode adapter
          ? adapter
          : null;
    }
    for (int i = 0; i < adapters.size(); i++) {
      if (adapters.get(i) instanceof ObjectNode adapter && key(adapters, i).equals(key)) {
        return adapter;
      }
    }
    return null;
  }

  private static boolean isText(@Nullable JsonNode node) {
    return node != null && node.isTextual();
  }
}
