package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ApiKey;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.ErrorResponse;
import io.penstock.proxy.openai.ErrorShape;
import io.penstock.proxy.openai.ForwardedHead;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.RequestId;
import io.penstock.proxy.openai.Routes;
import io.penstock.proxy.openai.Target;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One request's life, from its head to its outcome. Confined to the client channel's event loop;
 * the client's connection calls it, and it calls the connection back through {@link ClientStream}.
 *
 * <p>What happens when is in the states ({@link ExchangeState}); here is what they share: the facts
 * of the request, the one deadline, the ways to answer, and the single place where an outcome is
 * counted.
 */
public final class Exchange {

  private static final int SHOWN_CHARS = 128;

  private final LoopContext loop;
  private final ClientStream client;
  private final long startNanos;
  private final RequestFacts facts;
  private final Reading reading = new Reading(this);
  private final Deadlines.Deadline deadline =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          state.expired(nowNanos);
        }
      };
  private ExchangeState state = reading;
  private ErrorShape shape = ErrorShape.OPENAI;
  private @Nullable ApiKey key;
  private boolean pinging;

  Exchange(LoopContext loop, ClientStream client) {
    this.loop = loop;
    this.client = client;
    this.startNanos = loop.now();
    this.facts = new RequestFacts(client.httpVersion(), client.address(), startNanos);
    loop.gateway().metrics().accepted();
  }

  // ---- what the client's connection says ----

  /** The request's head is here. */
  public void head(RequestHead received, boolean expectsContinue) {
    facts.head = received;
    facts.requestId = RequestId.accept(received.headers().get("x-request-id"), loop.random());
    facts.target = Routes.match(received.method(), received.uri());
    shape = ErrorShape.of(received.uri());
    reading.head(received, facts.target, expectsContinue);
  }

  /** The head is not one: {@code reason} says why. The connection ends after the answer. */
  public void refuseHead(String reason, boolean tooLarge) {
    facts.requestId = RequestId.fresh(loop.random());
    reject(
        tooLarge ? GatewayError.HEADERS_TOO_LARGE : GatewayError.MALFORMED_REQUEST, null, reason);
  }

  /** No whole head came within {@code timeouts.requestHead}. */
  public void headTooSlow() {
    facts.requestId = RequestId.fresh(loop.random());
    reject(GatewayError.REQUEST_TIMEOUT);
  }

  /** A piece of the body; borrowed. */
  public void body(ByteBuf piece) {
    state.body(piece);
  }

  /** The body is complete. */
  public void bodyEnd() {
    facts.timeline().mark(Timeline.Event.BODY_READ, loop.now());
    state.bodyEnd();
  }

  /** The body's framing is broken; the connection ends after the answer. */
  public void refuseBody(String reason) {
    if (state == reading) {
      reading.refuseFraming(reason);
    }
  }

  /** The client's socket takes more, or no more. */
  public void clientWritable(boolean writable) {
    state.clientWritable(writable);
  }

  /** The client has left. */
  public void clientGone() {
    state.clientGone();
  }

  /** The gateway stops and does not wait any longer. */
  void shutDown() {
    state.shutDown();
  }

  // ---- what the states share ----

  LoopContext loop() {
    return loop;
  }

  ClientStream client() {
    return client;
  }

  RequestFacts facts() {
    return facts;
  }

  String requestId() {
    return facts.requestId;
  }

  long startNanos() {
    return startNanos;
  }

  Answers answers() {
    return new Answers(this);
  }

  ApiKind api() {
    return facts.target instanceof Target.Inference inference
        ? inference.api()
        : facts.target instanceof Target.ResponseById ? ApiKind.RESPONSES : ApiKind.OPAQUE;
  }

  boolean makesResponses() {
    return facts.target instanceof Target.Inference && api() == ApiKind.RESPONSES;
  }

  boolean alwaysReportsUsage() {
    return api() == ApiKind.RESPONSES || api() == ApiKind.MESSAGES;
  }

  boolean isReading() {
    return state == reading;
  }

  void enter(ExchangeState next) {
    state = next;
  }

  void deadline(long atNanos) {
    loop.deadlines().set(deadline, atNanos);
  }

  /** Checks the key; null when the client may go on. */
  @Nullable GatewayError authenticate() {
    var headers = facts.head.headers();
    return switch (loop.gateway()
        .keys()
        .check(headers.get("authorization"), headers.get("x-api-key"))) {
      case ApiKeys.Verdict.Allowed(ApiKey allowed) -> {
        key = allowed;
        facts.keyName = loop.gateway().keys().isOn() ? allowed.name() : null;
        yield null;
      }
      case ApiKeys.Verdict.Missing _, ApiKeys.Verdict.Invalid _ -> GatewayError.INVALID_API_KEY;
      case ApiKeys.Verdict.ModelDenied _ -> GatewayError.MODEL_NOT_ALLOWED;
    };
  }

  /** Whether the client's key may use the model. */
  boolean allows(String model) {
    return key != null && key.allows(model);
  }

  /** A text of the client's as it may stand in a message: short, printable. */
  static String shown(String text) {
    var shown = new StringBuilder();
    for (int i = 0; i < text.length() && i < SHOWN_CHARS; i++) {
      char c = text.charAt(i);
      shown.append(c >= ' ' && c < 127 ? c : '?');
    }
    return text.length() > SHOWN_CHARS ? shown + "..." : shown.toString();
  }

  // ---- ways on ----

  /** The body is scanned: to the pool that serves the model. Takes over the body. */
  void route(InferenceRequest request, RequestBody body) {
    facts.request = request;
    var pools = loop.gateway().pools();
    String previous = request.previousResponseId();
    var pool = pools.serving(request.model());
    if (!allows(request.model())) {
      body.release();
      reject(GatewayError.MODEL_NOT_ALLOWED);
    } else if (previous != null && makesResponses()) {
      answers().continued(previous, request, body);
    } else if (pool != null) {
      new Routing(this, pool, request, body, null).enter();
    } else {
      body.release();
      if (pools.knowAllModels()) {
        rejectUnknownModel(request.model());
      } else {
        reject(GatewayError.NO_HEALTHY_ENDPOINTS);
      }
    }
  }

  /** The request's head as the pod gets it. */
  ByteBuf forwardedHead(Endpoint endpoint, @Nullable RequestBody body) {
    String path =
        switch (facts.target) {
          case Target.Inference inference -> inference.path();
          case Target.ResponseById stored -> stored.path();
          case Target.ModelList _,
              Target.ModelById _,
              Target.Local _,
              Target.NotFound _,
              Target.Malformed _,
              Target.MethodNotAllowed _ ->
              throw new IllegalStateException("nothing a pod is asked");
        };
    ByteBuf head = loop.allocator().directBuffer(512);
    ForwardedHead.write(
        head,
        facts.head.method(),
        Routes.forwarded(path, facts.head.uri()),
        facts.head.headers(),
        endpoint.address(),
        facts.requestId,
        body == null ? ForwardedHead.NO_BODY : body.length());
    return head;
  }

  /** Passes on a pod's interim answer, which commits nothing, unless an answer has begun. */
  void interim(ResponseHead head) {
    if (!pinging) {
      client.interim(head);
    }
  }

  /** Commits a pod's head. */
  void begin(ResponseHead head, boolean events) {
    String[] extra;
    if (events) {
      extra =
          new String[] {
            "x-request-id", facts.requestId, "cache-control", "no-cache", "x-accel-buffering", "no"
          };
    } else if (shape == ErrorShape.ANTHROPIC) {
      extra = new String[] {"x-request-id", facts.requestId, "request-id", facts.requestId};
    } else {
      extra = new String[] {"x-request-id", facts.requestId};
    }
    client.begin(head.status(), head, extra, events ? -1 : head.contentLength());
  }

  /** Notes which pod holds a stored response. */
  void remember(String responseId, Endpoint endpoint) {
    var pool = facts.pool;
    if (pool != null) {
      loop.gateway().owners().remember(responseId, pool.name(), endpoint.id());
    }
  }

  // ---- ends ----

  /** Answers what the gateway knows itself. */
  void answer(int status, String contentType, byte[] body) {
    client.begin(
        status,
        null,
        new String[] {"content-type", contentType, "x-request-id", facts.requestId},
        body.length);
    send(body);
    done(status, null, Outcome.COMPLETED, null);
  }

  /** Passes on an error that a pod gave as the first event of a stream. */
  void relayError(int status, byte[] json) {
    if (!pinging) {
      answer(status, "application/json", json);
      return;
    }
    client.comment(Unpooled.wrappedBuffer(ascii("data: "), json, ascii("\n\n")));
    client.abort();
    done(200, null, Outcome.FAILED, GatewayError.UPSTREAM_RESET);
  }

  void rejectUnknownModel(String model) {
    reject(
        GatewayError.MODEL_NOT_FOUND,
        "model",
        "The model '"
            + shown(model)
            + "' does not exist here. GET /v1/models lists those that do.");
  }

  void reject(GatewayError error) {
    reject(error, error.param(), error.message());
  }

  /** Refuses without having an answer of a pod. */
  void reject(GatewayError error, @Nullable String param, String message) {
    send(ErrorResponse.of(error, message, param, facts.requestId, shape));
    done(error.status(), null, Outcome.REJECTED, error);
  }

  void rejectMethod(String allow) {
    send(ErrorResponse.methodNotSupported(allow, facts.requestId, shape));
    done(405, null, Outcome.REJECTED, GatewayError.METHOD_NOT_SUPPORTED);
  }

  /** Tells the client that the pods failed, by status or, where a stream is open, inside it. */
  void fail(GatewayError error) {
    if (pinging) {
      breakOff(200, null, error);
      return;
    }
    send(ErrorResponse.of(error, facts.requestId, shape));
    done(error.status(), null, Outcome.FAILED, error);
  }

  private void send(ErrorResponse response) {
    var headers = response.headers();
    var fields = new String[2 * headers.size() - 2];
    int at = 0;
    for (var header : headers) {
      if (!header.getKey().equals("content-length")) {
        fields[at++] = header.getKey();
        fields[at++] = header.getValue();
      }
    }
    client.begin(response.status(), null, fields, response.body().length);
    send(response.body());
  }

  /** The content of the gateway's own answer; that to a HEAD has none (RFC 9110 §9.3.2). */
  private void send(byte[] content) {
    if (!facts.method().equals("HEAD")) {
      client.body(Unpooled.wrappedBuffer(content));
      facts.bytesOut = content.length;
    }
    client.end(false);
  }

  /** The client left before its answer began. */
  void cancelled() {
    done(499, null, Outcome.CLIENT_CANCELLED, GatewayError.CLIENT_CLOSED_REQUEST);
  }

  /** Whether the head of a stream was committed by keep-alive comments. */
  boolean pinging() {
    return pinging;
  }

  /** Keeps a stream's connection from looking idle before its first byte. */
  void ping() {
    if (!pinging) {
      pinging = true;
      client.begin(
          200,
          null,
          new String[] {
            "content-type", "text/event-stream; charset=utf-8",
            "cache-control", "no-cache",
            "x-accel-buffering", "no",
            "x-request-id", facts.requestId
          },
          -1);
    }
    client.comment(
        Unpooled.wrappedBuffer(
            ascii(
                shape == ErrorShape.ANTHROPIC
                    ? "event: ping\ndata: {\"type\": \"ping\"}\n\n"
                    : ": keep-alive\n\n")));
    client.flush();
    loop.gateway().metrics().keptAlive();
  }

  /** Ends an open answer by one error event, where it is a stream, and an abnormal close. */
  void breakOff(int status, @Nullable AnswerBody answer, GatewayError error) {
    if (answer == null || answer instanceof EventStreamBody) {
      int sequence = answer == null ? 0 : answer.events();
      client.comment(
          Unpooled.wrappedBuffer(
              ErrorResponse.event(
                  error, error.message(), error.param(), facts.requestId, shape, sequence)));
    }
    client.abort();
    done(status, answer, Outcome.FAILED, error);
  }

  /** The outcome, exactly once: counts it, logs it, forgets the exchange. */
  void done(
      int status, @Nullable AnswerBody answer, Outcome outcome, @Nullable GatewayError error) {
    assert state != Done.INSTANCE : "an exchange ends once";
    state = Done.INSTANCE;
    loop.deadlines().clear(deadline);
    loop.ended(this);
    facts.timeline().mark(Timeline.Event.ENDED, loop.now());
    facts.status = status;
    facts.outcome = outcome;
    facts.error = error;
    facts.answer = answer;
    if (answer != null) {
      facts.bytesOut = answer.bytes();
    }
    loop.gateway().ended(facts);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
