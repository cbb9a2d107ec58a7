package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import java.util.List;

/** Gateways that send a body whole, once the headers are answered. */
final class BufferedMode {

  private BufferedMode() {}

  static Verdict repliesAreNotStreamed(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat().buffered())) {
      var seen = exchange.sendRequest().seen();
      var answer = List.of(ByteString.copyFromUtf8("data: [DONE]\n\n"));
      exchange.sendAnswerHead().sendAnswerBody(answer, false);
      boolean early = AnswerStream.endedEarly(seen);
      return Verdict.of(
          isAnswered(seen, ResponseCase.REQUEST_HEADERS, ResponseCase.REQUEST_BODY)
              && (early
                  || isAnswered(seen, ResponseCase.RESPONSE_HEADERS, ResponseCase.RESPONSE_BODY)),
          "each way one reply to the headers, then one to the body without streamed_response",
          seen);
    }
  }

  private static boolean isAnswered(Transcript seen, ResponseCase headers, ResponseCase body) {
    return seen.count(headers) == 1
        && seen.count(body) == 1
        && seen.bodies(body).stream().noneMatch(BodyMutation::hasStreamedResponse);
  }

  static Verdict endpointIsCommunicated(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat().buffered());
    return Verdict.of(
        seen.destination().isPresent(),
        "an endpoint, in the reply to the headers or to the body",
        seen);
  }
}
