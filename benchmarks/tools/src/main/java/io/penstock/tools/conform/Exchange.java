package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * One HTTP exchange as a gateway has it with a picker: sends what Envoy sends when Envoy would send
 * it, and keeps what comes back. Confined to one thread; each wait ends after the timeout.
 */
final class Exchange implements AutoCloseable {

  /** Headers of a streamed answer, as Envoy passes them on. */
  static final Map<String, String> ANSWER_HEADERS =
      Map.of(
          ":status", "200",
          "content-type", "text/event-stream",
          "transfer-encoding", "chunked",
          "server", "uvicorn");

  private final PickerStream stream;
  private final GatewayRequest request;
  private final Duration timeout;
  private final Transcript seen = new Transcript();

  Exchange(PickerStream stream, GatewayRequest request, Duration timeout) {
    this.stream = stream;
    this.request = request;
    this.timeout = timeout;
  }

  Transcript seen() {
    return seen;
  }

  /** Sends one message. */
  void send(ProcessingRequest message) {
    stream.send(message);
  }

  /** Sends the request and waits for the replies that let Envoy forward it. */
  Exchange sendRequest() throws InterruptedException {
    send(request.head());
    if (request.mode() == BodySendMode.BUFFERED) {
      await(this::headersAreAnswered);
      if (!headersAreAnswered()) {
        return this;
      }
    }
    request.rest().forEach(this::send);
    await(this::requestIsAnswered);
    return this;
  }

  private boolean headersAreAnswered() {
    return seen.count(ResponseCase.REQUEST_HEADERS) > 0;
  }

  private boolean requestIsAnswered() {
    if (!headersAreAnswered()) {
      return false;
    }
    if (request.trailers() && seen.count(ResponseCase.REQUEST_TRAILERS) == 0) {
      return false;
    }
    return bodyIsAnswered(ResponseCase.REQUEST_BODY, request.pieces());
  }

  /** Envoy sends so many bytes on; whether a last piece says it is the last is another matter. */
  private boolean bodyIsAnswered(ResponseCase kind, List<ByteString> pieces) {
    if (pieces.isEmpty() || seen.ends(kind) > 0) {
      return true;
    }
    boolean streamed = request.mode() != BodySendMode.BUFFERED;
    long sent = pieces.stream().mapToLong(ByteString::size).sum();
    return streamed ? seen.bytes(kind).size() >= sent : seen.count(kind) > 0;
  }

  /** Sends the head of the pod's answer, with the endpoint that served it, and waits. */
  Exchange sendAnswerHead() throws InterruptedException {
    send(
        ProcessingRequest.newBuilder()
            .setResponseHeaders(GatewayRequest.headers(ANSWER_HEADERS, false))
            .setMetadataContext(served())
            .build());
    await(() -> seen.count(ResponseCase.RESPONSE_HEADERS) > 0);
    return this;
  }

  private Metadata served() {
    var fields = Struct.newBuilder();
    seen.destination()
        .ifPresent(
            endpoint ->
                fields.putFields(
                    Transcript.DESTINATION + "-served",
                    Value.newBuilder().setStringValue(endpoint.toString()).build()));
    return request.metadata().toBuilder()
        .putFilterMetadata(Transcript.METADATA_NAMESPACE, fields.build())
        .build();
  }

  /** Sends the pod's answer, one message a piece, and waits until all of it is answered. */
  Exchange sendAnswerBody(List<ByteString> pieces, boolean trailers) throws InterruptedException {
    for (Iterator<ByteString> rest = pieces.iterator(); rest.hasNext(); ) {
      var body = HttpBody.newBuilder().setBody(rest.next());
      body.setEndOfStream(!trailers && !rest.hasNext());
      send(
          ProcessingRequest.newBuilder()
              .setResponseBody(body)
              .setMetadataContext(served())
              .build());
    }
    if (trailers) {
      var end = HttpTrailers.newBuilder().setTrailers(HeaderMap.getDefaultInstance());
      send(
          ProcessingRequest.newBuilder()
              .setResponseTrailers(end)
              .setMetadataContext(served())
              .build());
    }
    await(
        () ->
            bodyIsAnswered(ResponseCase.RESPONSE_BODY, pieces)
                && (!trailers || seen.count(ResponseCase.RESPONSE_TRAILERS) > 0));
    return this;
  }

  /** Waits until a last piece of a direction's body says so. */
  void awaitEnd(ResponseCase kind) throws InterruptedException {
    await(() -> seen.ends(kind) > 0);
  }

  /** Sends no more and waits for the end of the stream. */
  Exchange complete() throws InterruptedException {
    stream.halfClose();
    read(() -> false);
    return this;
  }

  /** Reads until it is enough, the picker refuses or ends, or the time is over. */
  private void await(BooleanSupplier enough) throws InterruptedException {
    read(() -> enough.getAsBoolean() || seen.immediate().isPresent());
  }

  private void read(BooleanSupplier enough) throws InterruptedException {
    long end = System.nanoTime() + timeout.toNanos();
    while (!enough.getAsBoolean() && !seen.ended()) {
      var event = stream.next(Duration.ofNanos(end - System.nanoTime()));
      seen.add(event);
      if (event instanceof PickerStream.Event.Silence) {
        return;
      }
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
