package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who decides the number of replicas, and between which bounds. Pure functions. */
final class ScalingRules {

  private static final Pattern COST = Pattern.compile("\\d+(\\.\\d+)?");

  private ScalingRules() {}

  static void check(JsonNode workload, FieldPath path, boolean complete, Findings out) {
    var scaling = Trees.object(workload, "scaling");
    if (scaling == null) {
      return;
    }
    var at = path.child("scaling");
    if (Trees.has(workload, "replicas")) {
      out.forbidden(
          path.child("replicas"), "cannot be set together with " + at + ", which decides it");
    }
    var least = Trees.number(scaling, "minReplicas");
    var most = Trees.number(scaling, "maxReplicas");
    if (most != null && most < (least == null ? 1 : least)) {
      out.invalid(
          at.child("maxReplicas"),
          Trees.at(scaling, "maxReplicas"),
          "must not be less than minReplicas, which is " + (least == null ? 1 : least));
    }
    boolean wva = Trees.has(scaling, "wva");
    boolean keda = Trees.has(scaling, "keda");
    if (wva ? keda : complete && !keda) {
      out.invalid(
          at, scaling, wva ? "choose one of wva and keda" : "one of wva and keda must be there");
    }
    if (wva) {
      wva(Trees.object(scaling, "wva"), least, at.child("wva"), complete, out);
    }
    var direct = Trees.object(scaling, "keda");
    if (direct != null) {
      if (complete && Trees.list(direct, "triggers").isEmpty()) {
        out.required(at.child("keda", "triggers"), "at least one KEDA trigger");
      }
      keda(direct, least, at.child("keda"), complete, out);
    }
  }

  /** The two roles of a service scale by the same means. */
  static void checkBothRoles(ObjectNode hub, Findings out) {
    var main = Trees.object(hub, "spec", "scaling");
    var prefill = Trees.object(hub, "spec", "prefill", "scaling");
    if (main == null || prefill == null) {
      return;
    }
    var at = FieldPath.SPEC.child("prefill", "scaling");
    if (Trees.has(main, "wva") != Trees.has(prefill, "wva")) {
      out.invalid(
          at,
          prefill,
          "must use what spec.scaling uses, " + (Trees.has(main, "wva") ? "wva" : "keda"));
    } else if (Trees.has(main, "wva")
        && Trees.has(main, "wva", "hpa") != Trees.has(prefill, "wva", "hpa")) {
      out.invalid(
          at.child("wva"),
          Trees.at(prefill, "wva"),
          "must use what spec.scaling.wva uses, "
              + (Trees.has(main, "wva", "hpa") ? "hpa" : "keda"));
    }
  }

  private static void wva(
      @Nullable JsonNode wva, @Nullable Long least, FieldPath at, boolean complete, Findings out) {
    boolean hpa = Trees.has(wva, "hpa");
    boolean keda = Trees.has(wva, "keda");
    if (hpa ? keda : complete && !keda) {
      out.invalid(
          at, wva, hpa ? "choose one of hpa and keda" : "one of hpa and keda must be there");
    }
    var cost = Trees.at(wva, "variantCost");
    if (cost != null
        && cost.isTextual()
        && !COST.matcher(cost.textValue()).matches()
        && !cost.textValue().contains("{{")) {
      out.invalid(at.child("variantCost"), cost, "must be a number such as \"10.0\"");
    }
    var under = Trees.object(wva, "keda");
    if (under != null) {
      if (Trees.has(under, "advanced", "scalingModifiers")) {
        out.forbidden(
            at.child("keda", "advanced", "scalingModifiers"),
            "the variant autoscaler computes the metric; modifiers belong to scaling.keda");
      }
      keda(under, least, at.child("keda"), complete, out);
    }
  }

  private static void keda(
      ObjectNode keda, @Nullable Long least, FieldPath at, boolean complete, Findings out) {
    if (!Trees.text(keda, "advanced", "horizontalPodAutoscalerConfig", "name").isEmpty()) {
      out.forbidden(
          at.child("advanced", "horizontalPodAutoscalerConfig", "name"),
          "the controller names the autoscaler");
    }
    var idle = Trees.number(keda, "idleReplicaCount");
    if (idle == null) {
      return;
    }
    if (least == null) {
      if (!complete) {
        return;
      }
      out.required(
          at.child("idleReplicaCount"), "needs scaling.minReplicas, and must be less than that");
    } else if (idle >= least) {
      out.invalid(
          at.child("idleReplicaCount"),
          Trees.at(keda, "idleReplicaCount"),
          "must be less than minReplicas, which is " + least);
    }
  }
}
