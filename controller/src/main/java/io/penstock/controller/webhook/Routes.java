package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Kinds;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Which review is answered under which path. A request that is no review gets a status of HTTP; a
 * review gets 200 and a review, whatever is wrong with what it is about. Immutable; a pure function
 * of the request.
 */
final class Routes {

  private static final String ADMISSION = "admission.k8s.io/";
  private static final String CONVERSION = "apiextensions.k8s.io/";

  private final Map<String, UnaryOperator<ObjectNode>> reviews = new HashMap<>();

  Routes(ConfigCheck configs) {
    var admission = new Admission(configs);
    reviews.put("/convert", ConversionReview::answer);
    for (var version : new String[] {Kinds.V1ALPHA1, Kinds.V1ALPHA2}) {
      reviews.put(path("mutate", version, Kinds.SERVICE), admission::mutate);
      reviews.put(path("validate", version, Kinds.SERVICE), admission::validate);
      reviews.put(path("validate", version, Kinds.CONFIG), admission::validate);
    }
  }

  /** {@code /validate-serving-kserve-io-v1alpha2-llminferenceservice}. */
  static String path(String verb, String version, String kind) {
    return "/%s-%s-%s-%s"
        .formatted(verb, Kinds.GROUP.replace('.', '-'), version, kind.toLowerCase(Locale.ROOT));
  }

  Answer answer(String method, String path, byte[] body) {
    if (path.equals("/healthz")) {
      return Answer.text(200, "ok");
    }
    var review = reviews.get(path);
    if (review == null) {
      return Answer.text(404, "there is nothing at " + path);
    }
    if (!method.equals("POST")) {
      return Answer.text(405, path + " takes POST, not " + method);
    }
    ObjectNode asked;
    try {
      if (!(Json.parse(body) instanceof ObjectNode object)) {
        return Answer.text(400, "the body is no JSON object");
      }
      asked = object;
    } catch (IOException e) {
      return Answer.text(400, "the body is not JSON: " + firstLine(e));
    }
    boolean conversion = path.equals("/convert");
    var kind = conversion ? "ConversionReview" : "AdmissionReview";
    var group = conversion ? CONVERSION : ADMISSION;
    var api = asked.path("apiVersion").asText();
    if (!asked.path("kind").asText().equals(kind)
        || !(api.equals(group + "v1") || api.equals(group + "v1beta1"))) {
      return Answer.text(
          400, "the body must be a " + kind + " of " + group + "v1 or " + group + "v1beta1");
    }
    if (!asked.at("/request/uid").isTextual()) {
      return Answer.text(400, "the review has no request.uid");
    }
    return Answer.json(Json.text(review.apply(asked)));
  }

  private static String firstLine(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
