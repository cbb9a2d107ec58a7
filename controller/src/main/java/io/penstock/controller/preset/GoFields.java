package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The fields that templates may name, as Go writes them, and the JSON members they stand for. A
 * field that a known type does not have is an error, so that a misspelling is found; what is known
 * but absent is null, and so is everything under it.
 */
final class GoFields {

  /** Type of what may have any field. */
  static final String OPEN = "*";

  /** Type of what a template starts with. */
  static final String ROOT = "Root";

  private static final String WORKLOAD =
      "Replicas Scaling:* Parallelism:Parallelism Labels:* Annotations:* Template:* Worker:*"
          + " KVCacheOffloading=kvCacheOffloading:* RolloutStrategy:*";

  private static final Map<String, Map<String, Field>> TYPES =
      Map.ofEntries(
          Map.entry(
              ROOT,
              fields(
                  "ObjectMeta=metadata:Meta Spec:Service Status:*"
                      + " GlobalConfig=GlobalConfig:Global")),
          Map.entry("Meta", fields("Name Namespace Labels:* Annotations:* UID=uid Generation")),
          Map.entry(
              "Global",
              fields(
                  "SystemNamespace IngressGatewayName IngressGatewayNamespace EnableTLS=enableTLS"
                      + " ModelBasedRoutingHeaderName InferencePoolName InferencePoolNamespacedName"
                      + " InferencePoolGroup PenstockImage ModelSource")),
          Map.entry(
              "Service",
              fields(
                  WORKLOAD
                      + " Model:Model StorageInitializer:* Router:Router Prefill:Workload"
                      + " Tracing:Tracing BaseRefs:*")),
          Map.entry("Workload", fields(WORKLOAD)),
          Map.entry("Model", fields("URI=uri Name LoRA=lora:* Confidential:* Criticality")),
          Map.entry(
              "Parallelism",
              fields("Tensor Pipeline Data DataLocal DataRPCPort=dataRPCPort Expert")),
          Map.entry("Router", fields("Route:Route Gateway:* Ingress:* Scheduler:Scheduler")),
          Map.entry("Route", fields("HTTP=http:* Group Weight")),
          Map.entry(
              "Scheduler",
              fields("Pool:* Labels:* Annotations:* Template:* Config:* Replicas Tokenizer:*")),
          Map.entry("Tracing", fields("ExporterEndpoint Sampler SamplerArg Exporter")));

  static {
    if (!TYPES.values().stream()
        .flatMap(type -> type.values().stream())
        .allMatch(field -> known(field.type))) {
      throw new IllegalStateException("a field of an unknown type");
    }
  }

  private GoFields() {}

  /** A value and its type. */
  record Typed(JsonNode value, String type) {}

  private record Field(String key, String type) {}

  private static boolean known(String type) {
    return type.equals(OPEN) || TYPES.containsKey(type);
  }

  /**
   * The field of a value.
   *
   * @throws TemplateFault when the value's type has none of that name
   */
  static Typed field(Typed from, String name) {
    var type = TYPES.get(from.type);
    if (type == null) {
      return new Typed(from.value.path(presentKey(from.value, name)), OPEN);
    }
    var field = type.get(name);
    if (field == null) {
      throw new TemplateFault(
          "field %s is unknown; allowed: %s".formatted(name, String.join(", ", type.keySet())));
    }
    return new Typed(from.value.path(field.key), field.type);
  }

  /** Go capitalises; which letters, only the object knows. */
  private static String presentKey(JsonNode value, String name) {
    for (var member : value.properties()) {
      if (member.getKey().equalsIgnoreCase(name)) {
        return member.getKey();
      }
    }
    return name;
  }

  /** What {@code index} finds: an element by number, a member by its exact key. */
  static JsonNode index(JsonNode from, JsonNode key) {
    if (from instanceof ArrayNode list && key.isIntegralNumber()) {
      return list.path(key.asInt());
    }
    return from.isObject() ? from.path(key.asText()) : MissingNode.getInstance();
  }

  /** {@code Name=key:Type} separated by blanks; the key is the name in lower camel case. */
  private static Map<String, Field> fields(String text) {
    Map<String, Field> fields = new LinkedHashMap<>();
    for (var each : List.of(text.split(" ", -1))) {
      int colon = each.indexOf(':');
      var type = colon < 0 ? OPEN : each.substring(colon + 1);
      var names = (colon < 0 ? each : each.substring(0, colon)).split("=", 2);
      var name = names[0];
      var key =
          names.length > 1 ? names[1] : Character.toLowerCase(name.charAt(0)) + name.substring(1);
      fields.put(name, new Field(key, type));
    }
    return fields;
  }
}
