package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import java.util.ArrayList;
import java.util.List;

/** The request's half of a full-duplex stream. */
final class RequestStream {

  /** What data planes take as one piece of a body, at most. */
  private static final int LARGEST_REPLY_BYTES = 62_000;

  private static final int LARGE_BODY_BYTES = 2 << 20;

  private RequestStream() {}

  static Verdict isServed(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat());
    return Verdict.of(
        !seen.replies().isEmpty(), "a reply of ExternalProcessor/Process to a chat", seen);
  }

  static Verdict headersReplyIsFirstAndOnly(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(gateway.chat())) {
      var seen = exchange.sendRequest().seen();
      exchange.sendAnswerHead();
      return Verdict.of(
          seen.count(ResponseCase.REQUEST_HEADERS) == 1
              && seen.kinds().getFirst() == ResponseCase.REQUEST_HEADERS,
          "one request_headers reply, before everything else",
          seen);
    }
  }

  static Verdict bodyRepliesAreStreamed(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat());
    var bodies = seen.bodies(ResponseCase.REQUEST_BODY);
    return Verdict.of(
        !bodies.isEmpty() && bodies.stream().allMatch(BodyMutation::hasStreamedResponse),
        "request_body replies, each with a streamed_response",
        seen);
  }

  static Verdict bodyIsUnchanged(Gateway gateway) throws InterruptedException {
    var request = GatewayRequest.chat(gateway.options().model(), 100_000);
    var seen = gateway.ask(request);
    var back = seen.bytes(ResponseCase.REQUEST_BODY);
    return Verdict.of(
        back.equals(request.body()),
        "the " + request.body().size() + " B of the body, unchanged and in order",
        back.size() == request.body().size() ? "as many, but others: " + seen : seen);
  }

  static Verdict endIsOnTheLastReply(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(GatewayRequest.chat(gateway.options().model(), 100_000))) {
      exchange.sendRequest().awaitEnd(ResponseCase.REQUEST_BODY);
      // Whatever more is said of the request comes before this is answered.
      var seen = exchange.sendAnswerHead().seen();
      var bodies = seen.bodies(ResponseCase.REQUEST_BODY);
      return Verdict.of(
          seen.ends(ResponseCase.REQUEST_BODY) == 1 && Transcript.isEnd(bodies.getLast()),
          "end_of_stream on the last request_body reply, and on no other",
          seen);
    }
  }

  static Verdict repliesAreSmall(Gateway gateway) throws InterruptedException {
    // One piece, as gateways send it that read more at once than Envoy.
    var request = GatewayRequest.chat(gateway.options().model(), 150_000);
    var seen = gateway.ask(request.inPieces(List.of(request.body())));
    int largest =
        seen.bodies(ResponseCase.REQUEST_BODY).stream()
            .mapToInt(body -> body.getStreamedResponse().getBody().size())
            .max()
            .orElse(0);
    return Verdict.of(
        largest > 0 && largest <= LARGEST_REPLY_BYTES,
        "request_body replies of 1 to " + LARGEST_REPLY_BYTES + " B",
        seen);
  }

  static Verdict trailersEndTheBody(Gateway gateway) throws InterruptedException {
    var request = gateway.chat().endedByTrailers();
    var seen = gateway.ask(request);
    return Verdict.of(
        seen.destination().isPresent()
            && seen.bytes(ResponseCase.REQUEST_BODY).size() == request.body().size()
            && seen.ends(ResponseCase.REQUEST_BODY) == 0
            && seen.count(ResponseCase.REQUEST_TRAILERS) == 1
            && seen.kinds().getLast() == ResponseCase.REQUEST_TRAILERS,
        "an endpoint, the body without end_of_stream, then one request_trailers reply",
        seen);
  }

  static Verdict secondEndIsIgnored(Gateway gateway) throws InterruptedException {
    if (AnswerStream.isEndedEarly(gateway)) {
      return new Verdict.Skipped(AnswerStream.EARLY);
    }
    var request = gateway.chat();
    try (var exchange = gateway.open(request)) {
      var seen = exchange.sendRequest().seen();
      int replies = seen.count(ResponseCase.REQUEST_BODY);
      exchange.send(request.piece(ByteString.EMPTY, true));
      exchange.sendAnswerHead();
      return Verdict.of(
          !seen.ended()
              && seen.immediate().isEmpty()
              && seen.count(ResponseCase.REQUEST_BODY) == replies
              && seen.count(ResponseCase.RESPONSE_HEADERS) > 0,
          "no reply to a second end of the request body, and the response answered as usual",
          seen);
    }
  }

  static Verdict noBodyIsAnsweredAtOnce(Gateway gateway) throws InterruptedException {
    try (var exchange = gateway.open(GatewayRequest.get("/v1/models"))) {
      var seen = exchange.sendRequest().seen();
      exchange.sendAnswerHead();
      return Verdict.of(
          seen.destination().isPresent()
              && seen.count(ResponseCase.REQUEST_HEADERS) == 1
              && seen.count(ResponseCase.REQUEST_BODY) == 0,
          "one request_headers reply with an endpoint, nothing about a body",
          seen);
    }
  }

  static Verdict piecesMayBeAnySize(Gateway gateway) throws InterruptedException {
    var request = gateway.chat();
    var body = request.body();
    List<ByteString> pieces = new ArrayList<>();
    for (int at = 0; at < body.size(); at += 7) {
      pieces.add(body.substring(at, Math.min(body.size(), at + 7)));
      if (at % 2 == 0) {
        pieces.add(ByteString.EMPTY);
      }
    }
    pieces.add(ByteString.EMPTY);
    var seen = gateway.ask(request.inPieces(pieces));
    return Verdict.of(
        seen.destination().isPresent()
            && seen.bytes(ResponseCase.REQUEST_BODY).size() == body.size(),
        "a chat routed whose body comes in pieces of 7 B and empty ones, the last of them empty",
        seen);
  }

  static Verdict largeBodiesPass(Gateway gateway) throws InterruptedException {
    var request = GatewayRequest.chat(gateway.options().model(), LARGE_BODY_BYTES);
    var seen = gateway.ask(request);
    return Verdict.of(
        seen.destination().isPresent()
            && seen.bytes(ResponseCase.REQUEST_BODY).size() == request.body().size(),
        "a chat of " + request.body().size() + " B routed, and as many bytes back",
        seen);
  }
}
