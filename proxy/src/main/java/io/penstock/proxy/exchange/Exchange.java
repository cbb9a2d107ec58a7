package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.flow.Ticket;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.ApiKind;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ApiKey;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.ErrorResponse;
import io.penstock.proxy.openai.ErrorShape;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.RequestId;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.openai.Routes;
import io.penstock.proxy.openai.Target;
import io.penstock.proxy.upstream.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * One request's life, from its head to its outcome. Confined to the client channel's event loop;
 * the client's connection calls it, and it calls the connection back through {@link ClientStream}.
 *
 * <p>What happens when is in the states ({@link ExchangeState}); here is what they share: the facts
 * of the request, the one deadline, and the single place where an outcome is counted.
 */
public final class Exchange {

  private static final int SHOWN_CHARS = 128;

  private final LoopContext loop;
  private final ClientStream client;
  private final long startNanos;
  private final RequestFacts facts;
  private final Reply reply;
  private final Forwarding forwarding;
  private final Reading reading = new Reading(this);
  private final Deadlines.Deadline deadline =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          state.expired(nowNanos);
        }
      };
  private ExchangeState state = reading;
  private @Nullable Ticket ticket;
  private @Nullable ApiKey key;

  Exchange(LoopContext loop, ClientStream client) {
    this.loop = loop;
    this.client = client;
    this.startNanos = loop.now();
    this.facts = new RequestFacts(client.httpVersion(), client.address(), startNanos);
    this.reply = new Reply(client, facts, loop);
    this.forwarding = new Forwarding(loop, facts);
    loop.gateway().metrics().accepted();
  }

  // ---- what the client's connection says ----

  /** The request's head is here. */
  public void head(RequestHead received, boolean expectsContinue) {
    facts.head = received;
    facts.requestId = RequestId.accept(received.headers().get("x-request-id"), loop.random());
    facts.target = Routes.match(received.method(), received.uri());
    if (facts.target instanceof Target.Inference) {
      var parent = received.headers().get(RequestFacts.TRACEPARENT);
      facts.trace = loop.gateway().tracing().begin(parent, startNanos);
    }
    reply.shape(ErrorShape.of(received.uri()));
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

  Reply reply() {
    return reply;
  }

  /** What pods get of the request. */
  Forwarding forwarding() {
    return forwarding;
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
    return api() == ApiKind.RESPONSES || api() == ApiKind.MESSAGES || api() == ApiKind.SGLANG;
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

  /** What the pool's gate gave the request, to be ended with it. */
  void ticket(@Nullable Ticket given) {
    ticket = given;
  }

  /** Load was reserved for the request, if it was ever going to be. */
  void placed() {
    if (ticket != null) {
      ticket.placed();
    }
  }

  /** The request is to make room. */
  void evicted() {
    state.evicted();
  }

  /** Passes on a pod's interim answer, which commits nothing, unless an answer has begun. */
  void interim(ResponseHead head) {
    if (!reply.pinging()) {
      client.interim(head);
    }
  }

  /** Notes which pod holds a stored response, and whose it is. */
  void remember(String responseId, Endpoint endpoint) {
    var pool = facts.pool;
    if (pool != null) {
      var owner =
          new ResponseOwners.Owner(pool.name(), endpoint.id(), facts.answerModel, facts.keyName);
      loop.gateway().owners().remember(responseId, owner);
    }
  }

  /** Keeps a stream's connection from looking idle before its first token. */
  void ping() {
    reply.ping();
    loop.gateway().metrics().keptAlive();
  }

  // ---- ends ----

  /** Answers what the gateway knows itself. */
  void answer(int status, String contentType, byte[] body) {
    reply.content(status, contentType, body);
    done(status, null, Outcome.COMPLETED, null);
  }

  /**
   * Passes on an error that a pod gave in the place of a stream, or as its first event. It is the
   * pod's answer of that status, although the head of the stream that it ends may have said 200.
   */
  void relayError(int status, byte[] json) {
    if (!reply.pinging()) {
      answer(status, "application/json", json);
      return;
    }
    reply.lastEvent(json);
    done(status, null, Outcome.COMPLETED, null);
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

  /** Refuses without having an answer of a pod; where a stream is open, inside it. */
  void reject(GatewayError error, @Nullable String param, String message) {
    if (reply.pinging()) {
      breakOff(200, null, error);
      return;
    }
    reply.error(ErrorResponse.of(error, message, param, facts.requestId, reply.shape()));
    done(error.status(), null, Outcome.REJECTED, error);
  }

  void rejectMethod(String allow) {
    reply.error(ErrorResponse.methodNotSupported(allow, facts.requestId, reply.shape()));
    done(405, null, Outcome.REJECTED, GatewayError.METHOD_NOT_SUPPORTED);
  }

  /** Tells the client that the pods failed, by status or, where a stream is open, inside it. */
  void fail(GatewayError error) {
    if (reply.pinging()) {
      breakOff(200, null, error);
      return;
    }
    reply.error(ErrorResponse.of(error, facts.requestId, reply.shape()));
    done(error.status(), null, Outcome.FAILED, error);
  }

  /** The client left before its answer began. */
  void cancelled() {
    done(499, null, Outcome.CLIENT_CANCELLED, GatewayError.CLIENT_CLOSED_REQUEST);
  }

  /**
   * Ends an open answer by one error event, where it is a stream, and an abnormal close; by that
   * alone inside an event, to whose data the other would be added.
   */
  void breakOff(int status, @Nullable AnswerBody answer, GatewayError error) {
    cut(answer, error);
    done(status, answer, Outcome.FAILED, error);
  }

  /** The same where the client has stopped reading the answer, which is its own way to leave. */
  void stalled(AnswerBody answer) {
    cut(answer, GatewayError.CLIENT_STALL);
    done(499, answer, Outcome.CLIENT_CANCELLED, GatewayError.CLIENT_STALL);
  }

  private void cut(@Nullable AnswerBody answer, GatewayError error) {
    if (answer == null || (answer instanceof EventStreamBody stream && !stream.passedPart())) {
      reply.errorEvent(error, answer == null ? 0 : answer.events());
    }
    client.abort();
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
    if (ticket != null) {
      ticket.end(facts.inputTokens(), facts.outputTokens());
    }
    facts.complete();
    loop.gateway().ended(facts);
  }
}
