package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Where a model and its adapters come from and what they are called. Pure functions. */
final class ModelRules {

  private static final FieldPath MODEL = FieldPath.SPEC.child("model");
  private static final FieldPath LORA = MODEL.child("lora");
  private static final List<String> SCHEMES =
      List.of("hf://", "s3://", "pvc://", "oci://", "oci+native://");
  private static final List<String> LIMITS = List.of("maxRank", "maxAdapters", "maxCpuAdapters");
  private static final Pattern RESOURCE = Pattern.compile("kbs:///[\\w.-]+/[\\w.-]+/[\\w.-]+");

  private ModelRules() {}

  static void check(ObjectNode hub, Findings out) {
    var model = Trees.object(hub, "spec", "model");
    if (model == null) {
      return;
    }
    var attach = Trees.at(hub, "spec", "storageInitializer", "enabled");
    boolean attached = attach == null || !attach.isBoolean() || attach.booleanValue();
    if (attached) {
      uri(model, MODEL, SCHEMES, out);
    }
    if (Trees.annotation(hub, Annotations.MODEL_CRITICALITY) != null) {
      out.warn(MODEL.child("criticality"), "has no effect any more");
    }
    confidential(model, out);
    var lora = Trees.object(model, "lora");
    if (lora == null) {
      return;
    }
    for (var name : LIMITS) {
      var limit = Trees.number(lora, name);
      if (limit != null && limit < 1) {
        out.invalid(LORA.child(name), Trees.at(lora, name), "must be 1 or more");
      }
    }
    var base = Trees.text(model, "name");
    if (base.isEmpty() && Kinds.isService(hub)) {
      base = Trees.name(hub);
    }
    adapters(Trees.list(lora, "adapters"), base, attached, out);
  }

  private static void adapters(
      List<JsonNode> adapters, String base, boolean attached, Findings out) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < adapters.size(); i++) {
      var at = LORA.child("adapters").index(i);
      var adapter = adapters.get(i);
      if (!adapter.isObject()) {
        out.invalid(at, adapter, "must be an object with uri and name");
        continue;
      }
      var name = Trees.text(adapter, "name");
      if (name.isEmpty()) {
        out.required(at.child("name"), "clients ask for an adapter by its name");
      } else if (name.equals(".") || name.equals("..")) {
        out.invalid(at.child("name"), name, "is a path; give the adapter a name of its own");
      } else if (!names.add(name)) {
        out.duplicate(at.child("name"), name);
      } else if (name.equals(base)) {
        out.invalid(at.child("name"), name, "must differ from the name of the model itself");
      }
      if (!Trees.has(adapter, "uri")) {
        out.required(at.child("uri"), "where the adapter comes from, for example hf://org/adapter");
      } else if (attached) {
        uri(adapter, at, List.of("hf://", "s3://", "pvc://"), out);
      }
    }
  }

  private static void uri(JsonNode model, FieldPath at, List<String> schemes, Findings out) {
    var uri = Trees.text(model, "uri");
    if (Trees.has(model, "uri")
        && !uri.startsWith("{{")
        && schemes.stream()
            .noneMatch(each -> uri.startsWith(each) && uri.length() > each.length())) {
      out.invalid(
          at.child("uri"), uri, "must start with " + String.join(", ", schemes) + " and go on");
    }
  }

  private static void confidential(ObjectNode model, Findings out) {
    var at = MODEL.child("confidential");
    var id = Trees.text(model, "confidential", "resourceId");
    if (!id.isEmpty() && !RESOURCE.matcher(id).matches() && !id.contains("{{")) {
      out.invalid(at.child("resourceId"), id, "must be kbs:///REPOSITORY/TYPE/TAG");
    }
    if (Trees.isTrue(model, "confidential", "enabled")) {
      out.warn(at, "has no effect: models are brought as they are, and not decrypted");
    }
  }
}
