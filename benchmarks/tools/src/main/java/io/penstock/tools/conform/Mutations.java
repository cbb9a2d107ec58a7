package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a picker changes about headers, and what it leaves alone. */
final class Mutations {

  /** Headers that steer routing, of which a client's copy must not get through. */
  private static final Set<String> CONTROL =
      Set.of(GatewayRequest.HINT, Transcript.DESTINATION + "-served");

  private Mutations() {}

  static Verdict ofRequestsAreNeeded(Gateway gateway) throws InterruptedException {
    var request = gateway.chat();
    var seen = gateway.ask(request);
    return untouched(
        seen, request.headers(), ResponseCase.REQUEST_HEADERS, ResponseCase.REQUEST_BODY);
  }

  static Verdict ofResponsesAreNeeded(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      var seen = exchange.sendRequest().sendAnswerHead().seen();
      if (AnswerStream.endedEarly(seen)) {
        return new Verdict.Skipped(AnswerStream.EARLY);
      }
      return untouched(seen, Exchange.ANSWER_HEADERS, ResponseCase.RESPONSE_HEADERS);
    }
  }

  /** No header is set to the value it has; content-length has a requirement of its own. */
  private static Verdict untouched(
      Transcript seen, Map<String, String> sent, ResponseCase... kinds) {
    var echoed =
        Transcript.set(seen.mutations(kinds))
            .filter(option -> !Transcript.is(option, "content-length"))
            .filter(option -> Transcript.value(option).equals(sent.get(name(option))))
            .map(Mutations::name)
            .collect(Collectors.joining(", "));
    return Verdict.of(
        echoed.isEmpty(), "no header set to the value it has", echoed.isEmpty() ? "none" : echoed);
  }

  private static String name(HeaderValueOption option) {
    return option.getHeader().getKey().toLowerCase(Locale.ROOT);
  }

  static Verdict leaveContentLengthAlone(Gateway gateway) throws InterruptedException {
    var request = gateway.chat();
    var seen = gateway.ask(request);
    boolean changed = !seen.bytes(ResponseCase.REQUEST_BODY).equals(request.body());
    var set =
        Transcript.set(seen.requestMutations())
            .filter(option -> Transcript.is(option, "content-length"))
            .map(Transcript::value)
            .toList();
    return Verdict.of(
        changed || set.isEmpty(),
        "no content-length where the body is unchanged",
        set.isEmpty() ? "none" : "content-length " + set);
  }

  static Verdict removeControlHeaders(Gateway gateway) throws InterruptedException {
    var request = gateway.chat();
    for (String name : CONTROL) {
      request = request.withHeader(name, "192.0.2.1:1");
    }
    var seen = gateway.ask(request);
    var gone =
        seen.requestMutations().stream()
            .flatMap(mutation -> mutation.getRemoveHeadersList().stream())
            .map(name -> name.toLowerCase(Locale.ROOT))
            .collect(Collectors.toSet());
    return Verdict.of(gone.containsAll(CONTROL), "removed: " + CONTROL, "removed: " + gone);
  }

  static Verdict areNotNeededToRoute(Gateway gateway) throws InterruptedException {
    var requests =
        List.of(
            GatewayRequest.post(
                "/primary-gateway-test", "application/json", ByteString.copyFromUtf8("{}")),
            GatewayRequest.post(
                "/v1/audio/transcriptions",
                "multipart/form-data; boundary=x",
                ByteString.copyFromUtf8("--x\r\n\r\nwave\r\n--x--\r\n")));
    for (var request : requests) {
      var seen = gateway.ask(request);
      if (seen.destination().isEmpty()) {
        return new Verdict.Failed(
            "an endpoint for a POST of %s to %s"
                .formatted(request.headers().get("content-type"), request.headers().get(":path")),
            seen.toString());
      }
    }
    return new Verdict.Passed("an endpoint for an unknown path, and for a body that is no JSON");
  }
}
