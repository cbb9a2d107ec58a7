package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.JsonLiteral;
import io.penstock.picker.request.ScanResult;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.Target;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The request comes in: its head decides who answers, its body is collected and scanned. Confined
 * to the exchange's event loop.
 *
 * <p>An answer that needs no body, and a refusal, waits for the end of a short body, so that the
 * connection can go on; before a long or endless one it goes out at once, and so does a refusal to
 * a client that has asked whether to send its body (RFC 9110 §10.1.1).
 */
final class Reading implements ExchangeState {

  /** A refused body up to this long is read to its end. */
  private static final long SWALLOWED_BYTES = 1024 * 1024;

  private final Exchange exchange;
  private final Dispatch dispatch;
  private Target target = new Target.NotFound();
  private long declaredBytes;
  private boolean continueAwaited;
  private @Nullable RequestBody body;
  private @Nullable Refusal refusal;

  private record Refusal(GatewayError error, @Nullable String param, String message) {}

  Reading(Exchange exchange) {
    this.exchange = exchange;
    this.dispatch = new Dispatch(exchange);
  }

  void head(RequestHead head, Target matched, boolean expectsContinue) {
    declaredBytes = head.contentLength();
    continueAwaited = expectsContinue && declaredBytes != 0;
    target = matched;
    exchange.deadline(
        Math.min(
            exchange.startNanos() + exchange.loop().settings().timeouts().requestBodyNanos(),
            exchange.startNanos() + exchange.loop().settings().timeouts().totalNanos()));
    switch (target) {
      case Target.NotFound _ ->
          refuse(
              GatewayError.UNKNOWN_URL,
              null,
              "There is nothing under " + Exchange.shown(exchange.facts().path()) + ".");
      case Target.Malformed _ -> refuse(GatewayError.INVALID_URL);
      case Target.MethodNotAllowed _ -> refuse(GatewayError.METHOD_NOT_SUPPORTED);
      case Target.Local _ -> letBodyCome();
      case Target.ModelList _, Target.ModelById _, Target.ResponseById _ -> {
        if (authenticate()) {
          letBodyCome();
        }
      }
      case Target.Inference inference -> {
        if (authenticate()) {
          collect(head, inference);
        }
      }
    }
  }

  private boolean authenticate() {
    var error = exchange.authenticate();
    if (error != null) {
      refuse(error);
    }
    return error == null;
  }

  private void collect(RequestHead head, Target.Inference inference) {
    long most = exchange.loop().settings().requestBodyBytes();
    if (declaredBytes > most) {
      refuseTooLarge();
      return;
    }
    String coding = head.headers().get(HttpHeaderNames.CONTENT_ENCODING);
    if (coding != null && !coding.equalsIgnoreCase("identity")) {
      refuse(
          GatewayError.UNSUPPORTED_MEDIA_TYPE,
          null,
          "content-encoding '" + Exchange.shown(coding) + "' is not supported, allowed: identity");
      return;
    }
    var scan = BodyScans.of(exchange.loop().scanners(), inference, head.headers());
    if (scan == null) {
      refuse(
          GatewayError.UNSUPPORTED_MEDIA_TYPE,
          null,
          "this path takes content-type multipart/form-data with a boundary");
      return;
    }
    body = new RequestBody(exchange.loop(), scan, declaredBytes, most);
    letBodyCome();
  }

  private void letBodyCome() {
    if (continueAwaited) {
      continueAwaited = false;
      exchange.client().continueReading();
    }
  }

  /** Notes what is wrong, and answers now when the rest of the body is not worth waiting for. */
  private void refuse(GatewayError error, @Nullable String param, String message) {
    dropBody();
    refusal = new Refusal(error, param, message);
    if (continueAwaited || declaredBytes < 0 || declaredBytes > SWALLOWED_BYTES) {
      answerRefusal(refusal);
    }
  }

  private void refuseTooLarge() {
    refuse(
        GatewayError.REQUEST_TOO_LARGE,
        null,
        "the request body is larger than "
            + exchange.loop().settings().requestBodyBytes()
            + " bytes (limits.requestBody)");
  }

  private void refuse(GatewayError error) {
    refuse(error, error.param(), error.message());
  }

  /** The framing of the body is broken: there is no end to wait for. */
  void refuseFraming(String reason) {
    dropBody();
    exchange.reject(GatewayError.MALFORMED_REQUEST, null, reason);
  }

  private void answerRefusal(Refusal refused) {
    if (target instanceof Target.MethodNotAllowed wrong) {
      exchange.rejectMethod(wrong.allow());
      return;
    }
    exchange.reject(refused.error, refused.param, refused.message);
  }

  @Override
  public void body(ByteBuf piece) {
    if (body == null) {
      return;
    }
    exchange.facts().bytesIn += piece.readableBytes();
    var fault = body.append(piece);
    if (fault == null) {
      return;
    }
    switch (fault) {
      case TOO_LARGE -> refuseTooLarge();
      case NO_ROOM ->
          refuse(
              GatewayError.OVERLOADED,
              null,
              "too many request bodies are being received (limits.bufferedBodies)");
      case MALFORMED -> refuseMalformed((ScanResult.Malformed) body.scanned());
    }
  }

  private void refuseMalformed(ScanResult.Malformed malformed) {
    GatewayError error = GatewayError.of(malformed.kind());
    refuse(error, malformed.field(), malformed.message());
  }

  @Override
  public void bodyEnd() {
    if (refusal != null) {
      answerRefusal(refusal);
      return;
    }
    switch (target) {
      case Target.NotFound _, Target.Malformed _, Target.MethodNotAllowed _ ->
          throw new IllegalStateException("refused by its head");
      case Target.Local local -> exchange.answers().local(local);
      case Target.ModelList _ -> exchange.answers().models();
      case Target.ModelById one -> exchange.answers().model(one.id());
      case Target.ResponseById stored -> exchange.answers().stored(stored);
      case Target.Inference _ -> scanned();
    }
  }

  private void scanned() {
    var complete = body;
    if (complete == null) {
      return;
    }
    switch (complete.scanned(dispatch::sentFor)) {
      case ScanResult.Malformed malformed -> {
        refuseMalformed(malformed);
        // The body has ended: whatever its length, the answer goes out now.
        if (refusal != null && exchange.isReading()) {
          answerRefusal(refusal);
        }
      }
      case ScanResult.Scanned(var request) -> {
        body = null;
        complete.blank(request.stripSpans());
        dispatch.route(sent(request, complete), complete);
      }
    }
  }

  /** The request as a pod gets it: for the model that stands in for the one named. */
  private InferenceRequest sent(InferenceRequest request, RequestBody complete) {
    if (!request.rewritten()) {
      return request;
    }
    boolean form = target instanceof Target.Inference inference && inference.multipart();
    return complete.replaceModel(
        request,
        form ? request.model().getBytes(StandardCharsets.UTF_8) : JsonLiteral.of(request.model()));
  }

  private void dropBody() {
    if (body != null) {
      body.release();
      body = null;
    }
  }

  @Override
  public void clientWritable(boolean writable) {}

  @Override
  public void clientGone() {
    dropBody();
    exchange.cancelled();
  }

  @Override
  public void shutDown() {
    dropBody();
    exchange.reject(GatewayError.DRAINING);
  }

  @Override
  public void evicted() {
    throw new IllegalStateException("nothing was admitted yet");
  }

  @Override
  public void expired(long nowNanos) {
    dropBody();
    exchange.reject(
        GatewayError.REQUEST_TIMEOUT,
        null,
        "the request body did not arrive within timeouts.requestBody");
  }
}
