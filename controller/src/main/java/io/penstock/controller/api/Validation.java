package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Judges services and configs: everything that the schema cannot say, all findings at once. Types
 * and ranges of single fields are the schema's business ({@link Schema}); a field of an unexpected
 * type, such as a template in a config, is passed over here. Pure functions.
 *
 * <p>A part that a service lacks may come from its {@code baseRefs}; rules about what is missing
 * wait for the merge then ({@link #merged}).
 */
public final class Validation {

  private Validation() {}

  /** Judges a service or config as its author wrote it, in any of our versions. */
  public static Verdict of(ObjectNode object) {
    return validate(object, null);
  }

  /**
   * Judges a change. Nothing is said about an object that is being deleted or whose spec and
   * annotations stay as they are: whoever changes labels or finalizers answers for those only.
   */
  public static Verdict ofUpdate(ObjectNode before, ObjectNode after) {
    boolean same =
        Objects.equals(before.get("spec"), after.get("spec"))
            && DeviceRules.same(before, after)
            && Trees.text(before, "apiVersion").equals(Trees.text(after, "apiVersion"));
    return same ? Verdict.FINE : validate(after, before);
  }

  /** Judges a service after the merge with its configs, in the hub version. */
  public static Verdict merged(ObjectNode hub) {
    var out = new Findings();
    service(hub, true, false, out);
    return out.verdict();
  }

  private static Verdict validate(ObjectNode object, @Nullable ObjectNode before) {
    if (Trees.has(object, "metadata", "deletionTimestamp")) {
      return Verdict.FINE;
    }
    boolean old = Trees.text(object, "apiVersion").equals(Kinds.V1ALPHA1_API);
    var hub = Conversion.toHub(object);
    var out = new Findings();
    Schema.of(object).unknown(object, out);
    if (Kinds.isConfig(hub)) {
      config(hub, out);
    } else {
      service(hub, Trees.list(hub, "spec", "baseRefs").isEmpty(), old, out);
      if (before == null) {
        NameRules.check(hub, out);
      } else {
        ParallelismRules.checkUpdate(Conversion.toHub(before), hub, out);
      }
    }
    return out.verdict();
  }

  private static void service(ObjectNode hub, boolean complete, boolean old, Findings out) {
    common(hub, complete, old, out);
    DeviceRules.check(hub, out);
    var model = Trees.object(hub, "spec", "model");
    if (complete && model == null) {
      out.required(
          FieldPath.SPEC.child("model"),
          "say what to serve, for example uri: hf://facebook/opt-125m");
    }
  }

  private static void config(ObjectNode hub, Findings out) {
    if (!Trees.list(hub, "spec", "baseRefs").isEmpty()) {
      out.forbidden(
          FieldPath.SPEC.child("baseRefs"),
          "a config cannot stand on other configs; name them in the service's baseRefs");
    }
    common(hub, false, false, out);
  }

  private static void common(ObjectNode hub, boolean complete, boolean old, Findings out) {
    ModelRules.check(hub, out);
    RouteRules.check(hub, complete, old, out);
    SchedulerRules.check(hub, out);
    TemplateRules.check(hub, out);
    workload(Trees.object(hub, "spec"), FieldPath.SPEC, complete, out);
    workload(Trees.object(hub, "spec", "prefill"), FieldPath.SPEC.child("prefill"), complete, out);
    ScalingRules.checkBothRoles(hub, out);
  }

  private static void workload(
      @Nullable JsonNode workload, FieldPath path, boolean complete, Findings out) {
    if (workload == null) {
      return;
    }
    ParallelismRules.check(workload, path, complete, out);
    ScalingRules.check(workload, path, complete, out);
    CacheRules.check(workload, path, complete, out);
    RolloutRules.check(workload, path, complete, out);
  }
}
