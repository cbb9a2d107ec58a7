package io.penstock.picker.extproc;

import io.penstock.picker.assembly.Placement;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.flow.Ticket;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.picker.signals.Reservation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one request takes and how it ends: its placement, its place at the gate, its metrics. The
 * first of the ends counts, all that come after it do nothing, so that a stream may end in several
 * ways at once; nor is anything taken after it, as where a gateway answers half a request itself.
 */
final class RequestAccount {

  private static final String SERVER_ERROR = "ModelServerError";
  private static final String CANCELED = "Canceled";

  private final LoopState loop;
  private final RequestTimes times;
  private final AnswerScan answer = new AnswerScan();

  private @Nullable ExtProcPool pool;
  private @Nullable InferenceRequest request;
  private Decision.@Nullable Route route;
  private @Nullable Placement placement;
  private @Nullable Placement prefill;
  private List<Reservation> encodings = List.of();
  private @Nullable Ticket ticket;
  private List<SessionHeader> sessions = List.of();
  private boolean firstTokenUnseen;
  private boolean ended;

  /** Where the gateway was told to send the request. */
  private String named = "";

  private int status;
  private boolean eventStream;

  RequestAccount(LoopState loop, EppMetrics metrics) {
    this.loop = loop;
    this.times = new RequestTimes(metrics, loop.now());
  }

  /**
   * The gateway will not send the response's body, or only once it has all of it, so that nobody
   * sees its first token.
   */
  void firstTokenUnseen() {
    firstTokenUnseen = true;
  }

  /** What is asked for is known, whatever becomes of it. */
  void received(ExtProcPool asked, InferenceRequest what, String flow, int priority) {
    if (ended) {
      return;
    }
    pool = asked;
    request = what;
    var picker = asked.picker();
    boolean known =
        picker.snapshot().serves(what.model())
            && (!what.rewritten()
                || picker.snapshot().serves(what.asked())
                || picker.rules().namedModels().contains(what.asked()));
    times.received(what, known, flow, priority);
  }

  /** What the gate gave the request, to be ended with it. */
  void admitted(Ticket given) {
    ticket = given;
  }

  /** Whether the request has ended; nothing is taken for it any more. */
  boolean over() {
    return ended;
  }

  /** When its headers came. */
  long startNanos() {
    return times.startNanos();
  }

  /** The model under which metrics count the request; bounded. */
  String modelLabel() {
    return times.modelLabel();
  }

  /** The same for the model that the engine is asked for. */
  String targetLabel() {
    return times.targetLabel();
  }

  /** The request, once it is known and where its response is to have another model's name. */
  @Nullable InferenceRequest rewritten() {
    return request != null && request.rewritten() ? request : null;
  }

  /** An endpoint is about to be named to the gateway. */
  void placed(Decision.Route chosen) {
    if (ended) {
      return;
    }
    var to = pool;
    var what = request;
    if (to == null || what == null) {
      throw new IllegalStateException("placed before it was received");
    }
    route = chosen;
    placement =
        to.picker().placements().place(what, chosen, chosen.endpoint(), loop.column(), loop.now());
    if (firstTokenUnseen) {
      placement.untimed();
    }
    if (ticket != null) {
      ticket.placed();
    }
  }

  /** Two endpoints are about to be named: the sidecar at one of them asks the other. */
  void placed(Decision.Disaggregated divided) {
    if (ended) {
      return;
    }
    var to = pool;
    var what = request;
    if (to == null || what == null) {
      throw new IllegalStateException("placed before it was received");
    }
    route = divided.decode();
    long now = loop.now();
    var placements = to.picker().placements();
    prefill = placements.placePrefill(what, divided, divided.prefill(), loop.column(), now);
    placement = placements.placeDecode(what, divided, route.endpoint(), loop.column(), now);
    if (firstTokenUnseen) {
      prefill.unobserved();
      placement.untimed();
    }
    if (ticket != null) {
      ticket.placed();
    }
  }

  /** Endpoints are about to be named that encode its images, audio and video. */
  void encoded(List<Endpoint> encoders) {
    var to = pool;
    if (to == null || encoders.isEmpty()) {
      return;
    }
    encodings = new ArrayList<>(encoders.size());
    for (var encoder : encoders) {
      var reserved = to.picker().placements().encoding(encoder, loop.column());
      if (reserved != null) {
        encodings.add(reserved);
      }
    }
  }

  private void encodedAll() {
    var to = pool;
    if (to != null && !encodings.isEmpty()) {
      encodings.forEach(to.picker().placements()::expectedNoMore);
      encodings = List.of();
    }
  }

  /** Headers of the answer that are to name its endpoints. */
  void sessions(List<SessionHeader> wanted) {
    sessions = wanted;
  }

  /** Names and values, in turn, of headers for the client; mostly none. */
  List<String> answerHeaders() {
    if (sessions.isEmpty()) {
      return List.of();
    }
    List<String> headers = new ArrayList<>();
    for (var session : sessions) {
      var at = session.ofPrefill() ? prefill : placement;
      if (at != null) {
        headers.add(session.name());
        headers.add(SessionHeader.value(at.endpoint()));
      }
    }
    return headers;
  }

  /**
   * The reply went out.
   *
   * @param destination that it named first
   */
  void replied(String destination) {
    named = destination;
    times.replied(loop.now());
  }

  /** The gateway says who answered; that may be another than was named first. */
  void served(String address) {
    var first = placement;
    var what = request;
    var to = pool;
    var chosen = route;
    if (ended
        || first == null
        || what == null
        || to == null
        || chosen == null
        || address.isEmpty()
        || address.equals(named)
        || address.equals(first.endpoint().address())) {
      return;
    }
    var other = SubsetHint.find(to.picker().snapshot().endpoints(), address);
    if (other == null || other.id().equals(first.endpoint().id())) {
      return;
    }
    long now = loop.now();
    first.failed(FailureKind.CONNECT, now);
    placement = to.picker().placements().place(what, chosen, other, loop.column(), now);
    // Its answer has begun already; when it was asked, nobody here has seen.
    placement.untimed();
  }

  /** Whether the gateway is to be told something of the response. */
  boolean reports() {
    return pool != null && !pool.picker().usageReports().isEmpty();
  }

  /** What it is told, now that the body is over; mostly none. */
  List<Reported> reported() {
    var asked = pool;
    if (asked == null || ended) {
      return List.of();
    }
    answer.end();
    List<Reported> told = new ArrayList<>();
    for (var report : asked.picker().usageReports()) {
      long value = report.value(answer.usage());
      if (value != 0) {
        told.add(new Reported(report.namespace(), report.key(), value));
      }
    }
    return told;
  }

  /** The response begins. */
  void answered(int statusCode, boolean isEventStream) {
    status = statusCode;
    eventStream = isEventStream && statusCode < 300;
  }

  /** A piece of the response's body came. */
  void piece(byte[] bytes, int start, int length) {
    if (ended || length == 0) {
      return;
    }
    long now = loop.now();
    int events = answer.piece(bytes, start, length);
    if (!good() || (eventStream && answer.events() == 0)) {
      // An error, or a stream of which nothing has been generated yet.
      return;
    }
    var to = placement;
    if (to != null) {
      to.firstByte(now);
      encodedAll();
      if (prefill != null) {
        // It must be over; when it was, nobody here has seen.
        prefill.unmeasured(now);
        prefill = null;
      }
      if (eventStream && events > 0) {
        to.tokens(events, now);
      }
    }
    if (!(eventStream && firstTokenUnseen)) {
      times.piece(eventStream, now);
    }
  }

  /** Whether nothing is wrong with the response, as far as its status has come. */
  boolean good() {
    return status < 400;
  }

  /** The whole response came. */
  void completed() {
    if (!end()) {
      return;
    }
    long now = loop.now();
    answer.end();
    var to = placement;
    if (to != null) {
      judge(to.endpoint().slot(), now);
      if (good()) {
        var usage = answer.usage();
        to.completed(usage.promptTokens(), usage.cachedTokens(), usage.completionTokens(), now);
      } else {
        boolean busy = status >= 500 || status == 429;
        to.failed(busy ? FailureKind.UNAVAILABLE : FailureKind.REJECTED, now);
      }
    }
    settle();
    times.completed(answer.bytes(), now);
    if (good()) {
      times.tokens(answer.usage(), eventStream, now);
    } else {
      times.failed(SERVER_ERROR);
    }
  }

  /**
   * What the answer says of its endpoint. A gateway that cannot reach it answers 503 itself, which
   * looks like the pod's own here and says the same.
   */
  private void judge(int slot, long now) {
    var asked = pool;
    if (asked == null) {
      return;
    }
    if (status >= 500) {
      asked.health().failure(slot, now);
    } else {
      asked.health().success(slot, now);
    }
  }

  /** The picker itself answered. */
  void refused(String code) {
    if (prefill != null) {
      // A sidecar lets go of the prefill when its own request is given up.
      prefill.aborted(loop.now());
      prefill = null;
    }
    if (!end()) {
      return;
    }
    if (placement != null) {
      placement.aborted(loop.now());
    }
    settle();
    times.failed(code);
  }

  /** The client left, or the gateway did. */
  void aborted() {
    refused(CANCELED);
  }

  /** The request goes on, but nothing more will be heard of it. */
  void unobserved() {
    if (!end()) {
      return;
    }
    var to = placement;
    if (to != null) {
      if (status != 0) {
        judge(to.endpoint().slot(), loop.now());
      }
      to.unobserved();
    }
    settle();
  }

  /** After the placement, so that the gate sees the room that there is. */
  private void settle() {
    if (ticket != null) {
      var usage = answer.usage();
      ticket.end(usage.promptTokens(), usage.completionTokens());
    }
    if (pool != null && route != null) {
      pool.picker().decisions().ended(route.decisionId());
    }
  }

  /** The request counts as over; false when it did before. */
  private boolean end() {
    if (ended) {
      return false;
    }
    ended = true;
    encodedAll();
    if (prefill != null) {
      prefill.unobserved();
      prefill = null;
    }
    times.ended();
    return true;
  }
}
