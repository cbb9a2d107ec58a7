package io.penstock.picker.extproc;

import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.JsonLiteral;
import io.penstock.picker.request.ScanResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The request's half of a stream: reads until it knows what is asked for, has {@link
 * RequestRouting} pick, and replies in the order headers, body, trailers.
 *
 * <p>A gateway that hands the body over (full duplex) gets its first reply when the body has ended;
 * one that keeps it (buffered) when the whole body has come; one that sends no body, or piece by
 * piece, at the headers, and then what the body says is not known.
 */
final class RequestSide {

  private enum Phase {
    AWAITING_HEADERS,
    READING_BODY,
    /** All of the request is here; its turn has not come. */
    WAITING,
    ANSWERED
  }

  private final LoopState loop;
  private final ExtProcServices services;
  private final ExtProcStream stream;
  private final RequestAccount account;
  private final RequestRouting routing;

  private Phase phase = Phase.AWAITING_HEADERS;
  private RequestHead head = new RequestHead();
  private String requestId = "";
  private BodyMode mode = BodyMode.FULL_DUPLEX;
  private @Nullable SubsetHint subset;
  private @Nullable RequestScan scan;
  private @Nullable HeldBody body;

  /** Whether the request ends with its body, rather than with trailers. */
  private boolean last;

  /** What is to be done once the request is answered. */
  private Runnable then = () -> {};

  /**
   * Pieces of a body that the gateway keeps, each of which is to be answered behind the headers.
   */
  private int piecesWait;

  /** Whether the last of those ends the body. */
  private boolean endWaits;

  private boolean trailersWait;

  /**
   * Whether the response must come through here: it has a model's name to be changed, gets headers,
   * or the gateway is told something of it.
   */
  private boolean awaitsResponse;

  RequestSide(
      LoopState loop, ExtProcServices services, ExtProcStream stream, RequestAccount account) {
    this.loop = loop;
    this.services = services;
    this.stream = stream;
    this.account = account;
    this.routing = new RequestRouting(loop, services, stream, account, this);
  }

  /** Whether the gateway waits for nothing more of this half. */
  boolean answered() {
    return phase == Phase.ANSWERED;
  }

  /** For the log and for answers of the picker's own. */
  String requestId() {
    if (requestId.isEmpty()) {
      var given = head.requestId();
      requestId = given == null ? loop.newRequestId() : given;
    }
    return requestId;
  }

  void headers(Incoming message) {
    if (phase != Phase.AWAITING_HEADERS || abandoned()) {
      return;
    }
    head = message.head;
    begin(message);
    if (message.endOfStream) {
      decide(RequestScan.opaque(0), false, this::end);
    } else if (mode.handsOver()) {
      var _ = read();
    } else if (mode.buffers()) {
      if (read()) {
        stream.send(Replies.REQUEST_HEADERS_UNCHANGED);
      }
    } else {
      decide(RequestScan.opaque(0), false, mode == BodyMode.NONE ? this::end : () -> {});
    }
  }

  /** Whether the response has ended before the request, so that nobody waits for a reply to it. */
  private boolean abandoned() {
    if (phase == Phase.ANSWERED || !account.over()) {
      return false;
    }
    phase = Phase.ANSWERED;
    release();
    stream.close();
    return true;
  }

  private void begin(Incoming message) {
    if (message.requestBodyMode != null) {
      mode = message.requestBodyMode;
    }
    note(message);
  }

  /** The hint is on every message of a gateway that gives one. */
  private void note(Incoming message) {
    if (message.subset != null && services.settings().subsets()) {
      subset = message.subset;
    }
  }

  /** Begins to read the body; false where that cannot be, and the request is refused. */
  private boolean read() {
    var reading = RequestScan.of(loop, head);
    if (reading == null) {
      refuse(ImmediateAnswer.UNSUPPORTED_ENCODING);
      return false;
    }
    phase = Phase.READING_BODY;
    scan = reading;
    body = new HeldBody(services.budget());
    return true;
  }

  void body(Incoming message) {
    if (abandoned()) {
      return;
    }
    switch (phase) {
      case AWAITING_HEADERS -> {
        // A gateway that sends no headers.
        begin(message);
        if (read()) {
          body(message);
        }
      }
      case READING_BODY -> {
        note(message);
        if (hold(message) && (message.endOfStream || !mode.handsOver())) {
          bodyComplete(true);
        }
      }
      case WAITING -> {
        // As below, but the answer to the headers goes before.
        if (!mode.handsOver()) {
          piecesWait++;
          endWaits |= message.endOfStream;
        }
      }
      case ANSWERED -> {
        // After its end a body has no more pieces, whatever a gateway repeats.
        if (!mode.handsOver()) {
          stream.send(Replies.REQUEST_BODY_UNCHANGED);
          if (message.endOfStream) {
            end();
          }
        }
      }
    }
  }

  /** A message that could not be taken: before the answer it can only be a body. */
  void tooLong() {
    if (phase == Phase.ANSWERED) {
      throw new MalformedMessage("the gateway sent a piece of a response that is too long");
    }
    refuse(ImmediateAnswer.tooLarge(services.settings().maxBodyBytes()));
  }

  private boolean hold(Incoming message) {
    var held = body;
    var reading = scan;
    if (held == null || reading == null) {
      throw new IllegalStateException("no body is being read");
    }
    int most = services.settings().maxBodyBytes();
    if (held.bytes() + message.bodyLength > most) {
      refuse(ImmediateAnswer.tooLarge(most));
      return false;
    }
    if (!held.add(message.bytes, message.bodyStart, message.bodyLength)) {
      refuse(ImmediateAnswer.OVERLOADED);
      return false;
    }
    if (mode == BodyMode.BUFFERED_PARTIAL && !message.endOfStream) {
      reading.cut();
    }
    if (!reading.feed(message.bytes, message.bodyStart, message.bodyLength)) {
      bodyComplete(true);
      return false;
    }
    return true;
  }

  void trailers(Incoming message) {
    if (abandoned()) {
      return;
    }
    if (phase == Phase.READING_BODY) {
      note(message);
      bodyComplete(false);
    }
    if (phase == Phase.WAITING) {
      trailersWait = true;
    } else {
      answerTrailers();
    }
  }

  private void answerTrailers() {
    if (phase == Phase.ANSWERED && stream.open()) {
      stream.send(Replies.REQUEST_TRAILERS);
      end();
    }
  }

  /**
   * The body has ended.
   *
   * @param last whether the request ends with it, rather than with trailers
   */
  private void bodyComplete(boolean last) {
    var reading = scan;
    if (reading == null) {
      throw new IllegalStateException("no body is being read");
    }
    boolean form = reading.isForm();
    switch (reading.finish((asked, previousResponseId) -> sentFor(asked))) {
      case ScanResult.Malformed malformed -> refuse(ImmediateAnswer.of(malformed));
      case ScanResult.Scanned(var request) -> {
        decide(
            replaced(request, form),
            last,
            () -> {
              if (last && stream.open()) {
                end();
              }
            });
      }
    }
  }

  /** A rule for the model goes before what the gateway's header says. */
  private String sentFor(String asked) {
    var pool = stream.pool();
    var rules = pool == null ? PoolRules.NONE : pool.picker().rules();
    var targets = rules.targets(asked);
    if (targets != null) {
      var chosen = targets.choose(loop.random());
      boolean named = rules.namedModels().contains(asked);
      services.metrics().rewritten(targets.rewrite(), asked, named, chosen);
      return chosen;
    }
    var wanted = head.modelRewrite();
    return wanted == null ? asked : wanted;
  }

  /** The request as it goes on; the body is that of the model it is sent to. */
  private InferenceRequest replaced(InferenceRequest request, boolean form) {
    var held = body;
    var span = request.modelSpan();
    if (held == null || span == null || !request.rewritten()) {
      return request;
    }
    held.blank(request.stripSpans());
    byte[] value =
        form ? request.model().getBytes(StandardCharsets.UTF_8) : JsonLiteral.of(request.model());
    held.replace(span, value);
    return request.withModelOf(value.length);
  }

  /**
   * The request is known: it is answered as soon as the pool admits it.
   *
   * @param endsNow whether it ends with its body
   * @param afterwards what is to be done after that
   */
  private void decide(InferenceRequest request, boolean endsNow, Runnable afterwards) {
    last = endsNow;
    then = afterwards;
    routing.route(head, subset, request);
  }

  /** The request's turn is to come. */
  void waits() {
    phase = Phase.WAITING;
  }

  /** The request was picked for, and answered. */
  void decided() {
    then.run();
    while (piecesWait > 0) {
      piecesWait--;
      stream.send(Replies.REQUEST_BODY_UNCHANGED);
    }
    if (trailersWait) {
      answerTrailers();
    } else if (endWaits) {
      end();
    }
  }

  /**
   * Names who is asked.
   *
   * @param sidecar names and values, in turn, of headers for a sidecar; mostly none
   */
  void reply(InferenceRequest request, String destinations, List<String> sidecar) {
    awaitsResponse = request.rewritten() || account.reports() || !account.answerHeaders().isEmpty();
    var held = body;
    boolean kept = held != null && mode.buffers();
    byte[] changed = null;
    if (held != null && (request.rewritten() || !request.stripSpans().isEmpty())) {
      if (!request.rewritten()) {
        held.blank(request.stripSpans());
      }
      changed = kept ? held.whole() : null;
    }
    stream.send(
        Replies.destination(
            kept,
            destinations,
            sidecar,
            addedRequestId(),
            head.toRemove(),
            changed,
            mode == BodyMode.BUFFERED));
    if (held != null && !kept) {
      held.handBack(last, stream::send);
    }
    if (held != null && (!kept || changed != null)) {
      stream.whenWritten(held::release);
      body = null;
    }
    phase = Phase.ANSWERED;
    release();
  }

  private @Nullable String addedRequestId() {
    return head.requestId() == null ? requestId() : null;
  }

  /** Answers in place of a pod. */
  void refuse(ImmediateAnswer answer) {
    phase = Phase.ANSWERED;
    release();
    account.refused(answer.code());
    stream.send(answer.reply(requestId()));
    stream.close();
  }

  /** The last reply to the request went out. */
  private void end() {
    if (services.settings().endAfterRequest() && !awaitsResponse && stream.open()) {
      account.unobserved();
      stream.close();
    }
  }

  /** The stream is over. */
  void release() {
    if (scan != null) {
      scan.close();
      scan = null;
    }
    if (body != null) {
      body.release();
      body = null;
    }
  }
}
