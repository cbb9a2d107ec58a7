package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conversion;
import io.penstock.controller.api.Defaults;
import io.penstock.controller.api.Finding;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Trees;
import io.penstock.controller.api.Validation;
import io.penstock.controller.api.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the API server's AdmissionReviews: defaults as a JSONPatch, refusals as a Status with all
 * causes, warnings. Pure functions of the review and the config check.
 */
final class Admission {

  private static final Logger LOG = LoggerFactory.getLogger(Admission.class);

  /** The API server cuts longer ones and drops many long ones. */
  private static final int LONGEST_WARNING = 256;

  private final ConfigCheck configs;

  Admission(ConfigCheck configs) {
    this.configs = configs;
  }

  ObjectNode mutate(ObjectNode review) {
    var request = review.path("request");
    if (!isWrite(request)) {
      return answer(review, true);
    }
    if (!(request.get("object") instanceof ObjectNode object) || !isOurs(object)) {
      return notOurs(review);
    }
    var answer = answer(review, true);
    try {
      var patch = JsonPatch.between(object, Defaults.stored(object));
      if (!patch.isEmpty()) {
        byte[] text = Json.text(patch).getBytes(StandardCharsets.UTF_8);
        Trees.with(answer, "response")
            .put("patchType", "JSONPatch")
            .put("patch", Base64.getEncoder().encodeToString(text));
      }
      return answer;
    } catch (RuntimeException e) {
      return failed(review, object, e);
    }
  }

  ObjectNode validate(ObjectNode review) {
    var request = review.path("request");
    if (!isWrite(request)) {
      return answer(review, true);
    }
    if (!(request.get("object") instanceof ObjectNode object) || !isOurs(object)) {
      return notOurs(review);
    }
    try {
      return judged(review, object, verdict(request, object));
    } catch (RuntimeException e) {
      return failed(review, object, e);
    }
  }

  private Verdict verdict(JsonNode request, ObjectNode object) {
    boolean update =
        Trees.text(request, "operation").equals("UPDATE")
            && request.get("oldObject") instanceof ObjectNode;
    var before = update ? (ObjectNode) request.get("oldObject") : null;
    var verdict = before == null ? Validation.of(object) : Validation.ofUpdate(before, object);
    boolean changed = before == null || !Objects.equals(before.get("spec"), object.get("spec"));
    boolean stays = !Trees.has(object, "metadata", "deletionTimestamp");
    return Kinds.isConfig(object) && changed && stays && verdict.accepted()
        ? verdict.and(configs.check(Conversion.toHub(object)))
        : verdict;
  }

  private static ObjectNode judged(ObjectNode review, ObjectNode object, Verdict verdict) {
    var answer = answer(review, verdict.accepted());
    var response = Trees.with(answer, "response");
    if (!verdict.warnings().isEmpty()) {
      var warnings = response.putArray("warnings");
      verdict.warnings().forEach(each -> warnings.add(cut(each.toString())));
    }
    if (!verdict.accepted()) {
      var kind = Trees.text(object, "kind");
      var name = Trees.name(object);
      List<String> all = verdict.errors().stream().map(Finding::toString).toList();
      var what = all.size() == 1 ? all.getFirst() : "[" + String.join(", ", all) + "]";
      var status =
          status(
              response,
              422,
              "Invalid",
              "%s.%s \"%s\" is invalid: %s".formatted(kind, Kinds.GROUP, name, what));
      var details =
          status.putObject("details").put("name", name).put("group", Kinds.GROUP).put("kind", kind);
      var causes = details.putArray("causes");
      for (var error : verdict.errors()) {
        causes
            .addObject()
            .put("reason", error.kind().reason())
            .put("message", error.message())
            .put("field", error.path().text());
      }
    }
    return answer;
  }

  /** What has a fault of ours is refused, and says so; the API server never sees a 500. */
  private static ObjectNode failed(ObjectNode review, ObjectNode object, RuntimeException fault) {
    LOG.error("cannot review {}/{}", Trees.namespace(object), Trees.name(object), fault);
    var answer = answer(review, false);
    status(
        Trees.with(answer, "response"), 500, "InternalError", "the webhook has a fault: " + fault);
    return answer;
  }

  private static ObjectNode notOurs(ObjectNode review) {
    var answer = answer(review, false);
    status(
        Trees.with(answer, "response"),
        400,
        "BadRequest",
        "request.object is no %s or %s of %s"
            .formatted(Kinds.SERVICE, Kinds.CONFIG, String.join(" or ", Kinds.APIS)));
    return answer;
  }

  private static ObjectNode answer(ObjectNode review, boolean allowed) {
    var answer = Trees.newObject();
    answer.set("apiVersion", review.get("apiVersion"));
    answer.set("kind", review.get("kind"));
    var response = answer.putObject("response");
    response.set("uid", review.at("/request/uid"));
    response.put("allowed", allowed);
    return answer;
  }

  private static ObjectNode status(ObjectNode response, int code, String reason, String message) {
    return response
        .putObject("status")
        .put("apiVersion", "v1")
        .put("kind", "Status")
        .put("status", "Failure")
        .put("code", code)
        .put("reason", reason)
        .put("message", message);
  }

  /** Creations and updates of the object itself. */
  private static boolean isWrite(JsonNode request) {
    var operation = Trees.text(request, "operation");
    return (operation.equals("CREATE") || operation.equals("UPDATE"))
        && Trees.text(request, "subResource").isEmpty();
  }

  private static boolean isOurs(ObjectNode object) {
    return Kinds.isService(object) || Kinds.isConfig(object);
  }

  private static String cut(String warning) {
    return warning.length() <= LONGEST_WARNING
        ? warning
        : warning.substring(0, LONGEST_WARNING - 3) + "...";
  }
}
