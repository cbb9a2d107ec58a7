package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conversion;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Trees;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the API server's ConversionReviews: all objects in their order, or none and the reason.
 * Pure function.
 */
final class ConversionReview {

  private static final Logger LOG = LoggerFactory.getLogger(ConversionReview.class);

  private ConversionReview() {}

  static ObjectNode answer(ObjectNode review) {
    var request = review.path("request");
    var answer = Trees.newObject();
    answer.set("apiVersion", review.get("apiVersion"));
    answer.set("kind", review.get("kind"));
    var response = answer.putObject("response");
    response.set("uid", request.get("uid"));
    var converted = response.putArray("convertedObjects");
    var problem = convertAll(request, converted);
    var result = response.putObject("result");
    if (problem.isEmpty()) {
      result.put("status", "Success");
    } else {
      response.remove("convertedObjects");
      result.put("status", "Failure").put("message", problem);
    }
    return answer;
  }

  private static String convertAll(JsonNode request, ArrayNode converted) {
    var wanted = Trees.text(request, "desiredAPIVersion");
    if (!Kinds.APIS.contains(wanted)) {
      return "cannot convert to '" + wanted + "', only to " + String.join(" and ", Kinds.APIS);
    }
    int index = 0;
    for (var each : Trees.list(request, "objects")) {
      if (!(each instanceof ObjectNode object) || !isOurs(object)) {
        return "objects["
            + index
            + "] is no "
            + Kinds.SERVICE
            + " or "
            + Kinds.CONFIG
            + " of "
            + String.join(" or ", Kinds.APIS);
      }
      try {
        converted.add(
            wanted.equals(Kinds.HUB_API)
                ? Conversion.toHub(object)
                : Conversion.toV1alpha1(object));
      } catch (RuntimeException e) {
        LOG.error("cannot convert {}/{}", Trees.namespace(object), Trees.name(object), e);
        return "objects[" + index + "], " + Trees.name(object) + ", cannot be converted: " + e;
      }
      index++;
    }
    return "";
  }

  private static boolean isOurs(ObjectNode object) {
    return Kinds.isService(object) || Kinds.isConfig(object);
  }
}
