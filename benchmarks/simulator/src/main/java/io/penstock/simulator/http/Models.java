package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The models a pod serves. Immutable but for the ids it draws; confined to the pod's loop. */
final class Models {

  private final PodConfig config;
  private final Ids ids;

  /**
   * The model that answers.
   *
   * @param name the name in the answer: an alias answers with the model's own
   * @param adapter the LoRA adapter, or null
   */
  record Served(String name, @Nullable String adapter) {}

  Models(PodConfig config, Ids ids) {
    this.config = config;
    this.ids = ids;
  }

  /** The model a body names; the first one when it names none. */
  Served of(Json.Obj body) throws BadRequest {
    return named(body.text("model", root()));
  }

  Served named(String name) throws BadRequest {
    if (config.models().contains(name)) {
      return new Served(root(), null);
    }
    if (config.loras().contains(name)) {
      return new Served(name, name);
    }
    List<String> all = new ArrayList<>(config.models());
    all.addAll(config.loras());
    throw new BadRequest(
        ErrorBody.notFound(
            "The model `"
                + name
                + "` does not exist. Valid aliases: "
                + String.join(", ", all)
                + ".",
            "model"));
  }

  /** The first model's name. */
  String root() {
    return config.models().getFirst();
  }

  /** The body of {@code GET /v1/models}. */
  String list(long created) {
    var out = new JsonWriter().object().field("object", "list").name("data").array();
    for (String model : config.models()) {
      entry(out, model, created).field("root", "./" + root()).nulls("parent");
      out.field("max_model_len", config.engine().maxModelLen());
      permission(out, created);
    }
    for (String lora : config.loras()) {
      entry(out, lora, created).field("root", "./" + lora).field("parent", root());
      out.nulls("max_model_len");
      permission(out, created);
    }
    return out.endArray().endObject().toString();
  }

  private static JsonWriter entry(JsonWriter out, String id, long created) {
    return out.object()
        .field("id", id)
        .field("object", "model")
        .field("created", created)
        .field("owned_by", "vllm");
  }

  private void permission(JsonWriter out, long created) {
    out.name("permission")
        .array()
        .object()
        .field("id", "modelperm-" + ids.hex(16))
        .field("object", "model_permission")
        .field("created", created)
        .field("allow_create_engine", false)
        .field("allow_sampling", true)
        .field("allow_logprobs", true)
        .field("allow_search_indices", false)
        .field("allow_view", true)
        .field("allow_fine_tuning", false)
        .field("organization", "*")
        .nulls("group")
        .field("is_blocking", false)
        .endObject()
        .endArray()
        .endObject();
  }
}
