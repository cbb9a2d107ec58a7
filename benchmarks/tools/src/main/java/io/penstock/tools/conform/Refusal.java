package io.penstock.tools.conform;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a picker does with a request that it does not route. */
final class Refusal {

  private static final JsonFactory JSON = new JsonFactory();

  private Refusal() {}

  static Verdict isNeverAGrpcError(Gateway gateway) throws InterruptedException {
    for (var body : List.of("{\"model\": ", "[1, 2", "{}", "\u0000\u0001")) {
      var request =
          GatewayRequest.post(
              "/v1/chat/completions", "application/json", ByteString.copyFromUtf8(body));
      var seen = gateway.ask(request);
      if (seen.destination().isEmpty() && seen.immediateStatus() < 400) {
        return new Verdict.Failed(
            "an endpoint, or an immediate_response from 400, to the body '" + body + "'",
            seen.toString());
      }
    }
    return new Verdict.Passed("malformed bodies routed or refused, streams intact");
  }

  static Verdict withoutEndpointsIs503(Gateway gateway) throws InterruptedException {
    var chat = gateway.askEmpty(gateway.chat());
    var get = gateway.askEmpty(GatewayRequest.get("/v1/models"));
    if (chat == null || get == null) {
      return new Verdict.Skipped("no picker of an empty pool was given");
    }
    return Verdict.of(
        chat.immediateStatus() == 503 && get.immediateStatus() == 503,
        "an immediate_response 503 to a chat and to a request without body",
        "chat: " + chat + "; without body: " + get);
  }

  static Verdict saysWhyInJson(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat().withHint(List.of()));
    var refused = seen.immediate();
    if (refused.isEmpty()) {
      return new Verdict.Failed("an immediate_response", seen.toString());
    }
    var type =
        Transcript.set(List.of(refused.get().getHeaders()))
            .filter(option -> Transcript.is(option, "content-type"))
            .map(Transcript::value)
            .findFirst()
            .orElse("none");
    String body = refused.get().getBody().toStringUtf8();
    return Verdict.of(
        type.toLowerCase(Locale.ROOT).startsWith("application/json")
            && errorMembers(body).containsAll(Set.of("message", "type", "code")),
        "content-type application/json, body {\"error\":{\"message\", \"type\", \"code\"}}",
        "content-type " + type + ", body " + body);
  }

  /** The members of the object {@code error} of a JSON text; none if it is not that. */
  private static Set<String> errorMembers(String text) {
    Set<String> members = new HashSet<>();
    try (var json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT
          || !"error".equals(json.nextFieldName())
          || json.nextToken() != JsonToken.START_OBJECT) {
        return Set.of();
      }
      for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
        members.add(name);
        json.nextToken();
        json.skipChildren();
      }
      return members;
    } catch (IOException e) {
      return Set.of();
    }
  }
}
