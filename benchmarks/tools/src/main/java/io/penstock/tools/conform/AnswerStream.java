package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import java.util.List;

/** The response's half of a full-duplex stream, and its end. */
final class AnswerStream {

  static final String EARLY =
      "the picker ends streams after the request and does not see responses";

  private static final List<ByteString> EVENTS =
      List.of(
          ByteString.copyFromUtf8("data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n"),
          ByteString.copyFromUtf8("data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\n"),
          ByteString.copyFromUtf8(
              "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
                  + "\"total_tokens\":5}}\n\ndata: [DONE]\n\n"));

  private AnswerStream() {}

  static Verdict headersReplyIsFirstAndOnly(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      var seen = exchange.sendRequest().sendAnswerHead().sendAnswerBody(EVENTS, false).seen();
      if (endedEarly(seen)) {
        return new Verdict.Skipped(EARLY);
      }
      int body = seen.kinds().indexOf(ResponseCase.RESPONSE_BODY);
      return Verdict.of(
          seen.count(ResponseCase.RESPONSE_HEADERS) == 1
              && (body < 0 || seen.kinds().indexOf(ResponseCase.RESPONSE_HEADERS) < body),
          "one response_headers reply, before everything about the response's body",
          seen);
    }
  }

  static Verdict bodyComesBackWhole(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      var seen = exchange.sendRequest().sendAnswerHead().sendAnswerBody(EVENTS, false).seen();
      if (endedEarly(seen)) {
        return new Verdict.Skipped(EARLY);
      }
      exchange.awaitEnd(ResponseCase.RESPONSE_BODY);
      exchange.complete();
      var bodies = seen.bodies(ResponseCase.RESPONSE_BODY);
      return Verdict.of(
          seen.bytes(ResponseCase.RESPONSE_BODY).equals(all())
              && bodies.stream().allMatch(BodyMutation::hasStreamedResponse)
              && seen.ends(ResponseCase.RESPONSE_BODY) == 1
              && Transcript.isEnd(bodies.getLast()),
          "the events' " + all().size() + " B unchanged, streamed, end_of_stream on the last",
          seen);
    }
  }

  static Verdict trailersAreAnsweredLast(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      var seen = exchange.sendRequest().sendAnswerHead().sendAnswerBody(EVENTS, true).seen();
      if (endedEarly(seen)) {
        return new Verdict.Skipped(EARLY);
      }
      return Verdict.of(
          seen.count(ResponseCase.RESPONSE_TRAILERS) == 1
              && seen.kinds().getLast() == ResponseCase.RESPONSE_TRAILERS
              && seen.bytes(ResponseCase.RESPONSE_BODY).size() == all().size()
              && seen.ends(ResponseCase.RESPONSE_BODY) == 0,
          "the body without end_of_stream, then one response_trailers reply",
          seen);
    }
  }

  static Verdict mayBeginBeforeTheRequestEnds(Gateway gateway) throws InterruptedException {
    var request = gateway.chat();
    try (var exchange = gateway.open(request)) {
      exchange.send(request.head());
      exchange.send(request.piece(request.body().substring(0, 20), false));
      var seen = exchange.sendAnswerHead().sendAnswerBody(EVENTS, false).seen();
      return Verdict.of(
          !seen.ended()
              && seen.count(ResponseCase.RESPONSE_HEADERS) == 1
              && seen.bytes(ResponseCase.RESPONSE_BODY).size() == all().size(),
          "an early response answered while the request's body is on its way",
          seen);
    }
  }

  static Verdict streamIsCompleted(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      exchange.sendRequest().sendAnswerHead().sendAnswerBody(EVENTS, false);
      var seen = exchange.complete().seen();
      return Verdict.of(seen.completed(), "status OK after the gateway's half-close", seen);
    }
  }

  /** Whether the picker ends a stream by itself once the request is answered. */
  static boolean isEndedEarly(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      return endedEarly(exchange.sendRequest().sendAnswerHead().seen());
    }
  }

  static boolean endedEarly(Transcript seen) {
    return seen.completed() && seen.count(ResponseCase.RESPONSE_HEADERS) == 0;
  }

  private static ByteString all() {
    return EVENTS.stream().reduce(ByteString.EMPTY, ByteString::concat);
  }
}
