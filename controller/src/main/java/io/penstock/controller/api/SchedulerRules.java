package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.LoadedPicker;
import java.util.List;

/** The scheduler and its configuration. Pure functions. */
final class SchedulerRules {

  private static final FieldPath SCHEDULER = FieldPath.SPEC.child("router", "scheduler");
  private static final FieldPath CONFIG = SCHEDULER.child("config");
  private static final List<String> APIS =
      List.of("llm-d.ai/v1alpha1", "inference.networking.x-k8s.io/v1alpha1");
  private static final String KIND = EndpointPickerLoader.KIND;

  /** The container that picks; others beside it read no such configuration. */
  private static final String MAIN = "main";

  private static final List<String> OWN = List.of("template", "config", "replicas", "tokenizer");

  private SchedulerRules() {}

  static void check(ObjectNode hub, Findings out) {
    var scheduler = Trees.object(hub, "spec", "router", "scheduler");
    if (scheduler == null) {
      if (Trees.has(hub, "spec", "prefill") && Kinds.isService(hub)) {
        out.warn(
            FieldPath.SPEC.child("prefill"),
            "without " + SCHEDULER + " nothing picks prefill pods; requests reach them unpaired");
      }
      return;
    }
    var replicas = Trees.number(scheduler, "replicas");
    if (replicas != null && replicas < 1) {
      out.invalid(
          SCHEDULER.child("replicas"), Trees.at(scheduler, "replicas"), "must be 1 or more");
    }
    if (!Trees.text(scheduler, "pool", "ref", "name").isEmpty()) {
      for (var name : OWN) {
        if (Trees.has(scheduler, name)) {
          out.warn(
              SCHEDULER.child(name),
              "has no effect: with pool.ref the scheduler of that InferencePool is used");
        }
      }
    }
    var config = Trees.object(scheduler, "config");
    if (config != null) {
      config(config, Runs.of(hub, scheduler), out);
    }
  }

  /**
   * What will read the configuration, as far as the object itself says.
   *
   * @param penstock whether it is certainly this release's picker, so that what that refuses is an
   *     error, and else may still be right for another one
   * @param experimental whether it takes plugins that llm-d calls experimental
   */
  private record Runs(boolean penstock, boolean experimental) {

    static Runs of(ObjectNode hub, ObjectNode scheduler) {
      boolean penstock = !Trees.has(hub, "spec", "baseRefs");
      boolean experimental = false;
      for (var container : scheduler.path("template").findPath("containers")) {
        if (!Trees.text(container, "name").equals(MAIN)) {
          continue;
        }
        var args = container.path("args");
        if (!args.isEmpty()) {
          penstock = args.path(0).asText().equals("picker");
        }
        for (var arg : args) {
          experimental |= arg.asText().equals("--allow-experimental-plugins");
        }
      }
      return new Runs(penstock, experimental);
    }
  }

  private static void config(ObjectNode config, Runs runs, Findings out) {
    boolean inline = Trees.has(config, "inline");
    boolean ref = Trees.has(config, "ref");
    if (inline == ref) {
      out.invalid(
          CONFIG,
          config,
          inline ? "choose one of inline and ref" : "one of inline and ref must be there");
    }
    if (ref && Trees.text(config, "ref", "name").isEmpty()) {
      out.required(CONFIG.child("ref", "name"), "the name of a ConfigMap");
    }
    var text = Trees.at(config, "inline");
    if (text != null) {
      inline(text, runs, out);
    }
  }

  /** An object, or its YAML as one text. Templates are left to the renderer. */
  private static void inline(JsonNode inline, Runs runs, Findings out) {
    var at = CONFIG.child("inline");
    var raw = Json.text(inline);
    if (raw.length() < 3 || (inline.isTextual() && inline.textValue().isBlank())) {
      out.invalid(at, inline, "is empty; write an " + KIND);
      return;
    }
    if (raw.contains("{{")) {
      return;
    }
    if (inline instanceof ObjectNode object) {
      picker(object, raw, at, runs, out);
    } else if (inline.isTextual()) {
      var read = Documents.read(inline.textValue());
      read.errors().forEach(error -> out.invalid(at, inline, error));
      if (read.errors().isEmpty() && read.documents().size() != 1) {
        out.invalid(at, inline, "must be one document, an " + KIND);
      }
      if (read.documents().size() == 1) {
        picker(read.documents().getFirst().tree(), inline.textValue(), at, runs, out);
      }
    } else {
      out.invalid(at, inline, "must be an " + KIND + ", as an object or as YAML text");
    }
  }

  private static void picker(
      ObjectNode picker, String text, FieldPath at, Runs runs, Findings out) {
    if (!header(picker, at, out)) {
      return;
    }
    switch (EndpointPickerLoader.load(at.toString(), text, runs.experimental())) {
      case LoadedPicker.Valid(var _, var warnings) ->
          warnings.forEach(each -> out.warn(at.inside(each.path()), each.message()));
      case LoadedPicker.Invalid(var errors) -> errors.forEach(each -> refused(each, at, runs, out));
    }
  }

  private static void refused(ConfigError error, FieldPath at, Runs runs, Findings out) {
    var place = at.inside(error.path());
    if (runs.penstock()) {
      out.refused(place, error.message());
    } else {
      out.warn(place, "Penstock's own picker would refuse it: " + error.message());
    }
  }

  private static boolean header(ObjectNode picker, FieldPath at, Findings out) {
    var api = Trees.text(picker, "apiVersion");
    if (!APIS.contains(api)) {
      out.invalid(at.child("apiVersion"), api, "must be " + String.join(" or ", APIS));
    }
    var kind = Trees.text(picker, "kind");
    if (!kind.equals(KIND)) {
      out.invalid(at.child("kind"), kind, "must be " + KIND);
    }
    return APIS.contains(api) && kind.equals(KIND);
  }
}
