package io.penstock.picker.extproc;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.ConditionalDecode;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides for {@link RequestSide} where a request goes that is known: has it wait until the pool
 * admits it, picks, and says whom the gateway and its sidecars are to ask. Confined to the stream's
 * event loop.
 */
final class RequestRouting {

  private final LoopState loop;
  private final ExtProcServices services;
  private final ExtProcStream stream;
  private final RequestAccount account;
  private final RequestSide side;
  private RequestHead head = new RequestHead();
  private @Nullable SubsetHint subset;

  /** What is to be done once the request's turn has come. */
  private @Nullable Runnable turn;

  RequestRouting(
      LoopState loop,
      ExtProcServices services,
      ExtProcStream stream,
      RequestAccount account,
      RequestSide side) {
    this.loop = loop;
    this.services = services;
    this.stream = stream;
    this.account = account;
    this.side = side;
  }

  /**
   * Picks and has the side reply, as soon as the pool admits the request.
   *
   * @param received the request's head
   * @param hint what the gateway says of who may be picked; null: nothing
   */
  void route(RequestHead received, @Nullable SubsetHint hint, InferenceRequest request) {
    head = received;
    subset = hint;
    var pool = stream.pool();
    if (pool == null) {
      side.refuse(ImmediateAnswer.unknownPool());
      return;
    }
    var picker = pool.picker();
    int priority = picker.priority(head);
    account.received(pool, request, picker.admission().flow(head), priority);
    if (picker.admission().admitsAtOnce(priority)) {
      schedule(pool, request);
      return;
    }
    var verdict =
        picker
            .admission()
            .admit(
                request,
                head,
                priority,
                null,
                account.startNanos(),
                loop.column(),
                loop.eventLoop(),
                new Turn());
    switch (verdict) {
      case Verdict.Admitted(var ticket) -> {
        if (ticket != null) {
          account.admitted(ticket);
        }
        schedule(pool, request);
      }
      case Verdict.Queued(var ticket) -> {
        account.admitted(ticket);
        side.waits();
        turn = () -> schedule(pool, request);
      }
      case Verdict.Shed(var outcome) -> side.refuse(ImmediateAnswer.of(outcome));
    }
  }

  /** Hears of the request's turn, on the loop of its stream. */
  private final class Turn implements FlowListener {

    @Override
    public void admitted() {
      var next = turn;
      if (next != null) {
        turn = null;
        stream.guarded(next);
      }
    }

    @Override
    public void dropped(FlowOutcome outcome) {
      side.refuse(ImmediateAnswer.of(outcome));
    }

    @Override
    public void evicted() {
      if (stream.open()) {
        side.refuse(ImmediateAnswer.EVICTED);
      }
    }
  }

  private void schedule(ExtProcPool pool, InferenceRequest request) {
    pick(pool, request);
    side.decided();
  }

  private void pick(ExtProcPool pool, InferenceRequest request) {
    var excluded = subset == null ? new Exclusions() : Exclusions.outside(subset);
    long before = loop.now();
    var decision =
        pool.picker().pick(request, head, side.requestId(), loop.column(), excluded, before);
    double seconds = (loop.now() - before) / 1e9;
    if (ConditionalDecode.misses(head, decision)) {
      services.metrics().notRouted(account.targetLabel(), seconds);
      side.refuse(ImmediateAnswer.NOT_CACHED);
      return;
    }
    boolean weighed = pool.picker().weighed(loop.column());
    var encoders = pool.picker().encoders(loop.column());
    account.sessions(pool.picker().sessionHeaders(loop.column()));
    switch (decision) {
      case Decision.Route route -> {
        account.placed(route);
        routed(request, route, null, encoders, weighed, seconds);
      }
      case Decision.Disaggregated divided -> {
        account.placed(divided);
        routed(request, divided.decode(), divided.prefill(), encoders, true, seconds);
      }
      case Decision.NoEndpoint none -> {
        services.metrics().notRouted(account.targetLabel(), seconds);
        side.refuse(ImmediateAnswer.of(none.reason(), request.rewritten()));
      }
    }
  }

  private void routed(
      InferenceRequest request,
      Decision.Route route,
      @Nullable Endpoint prefiller,
      List<Endpoint> encoders,
      boolean weighed,
      double seconds) {
    services.metrics().routed(account.targetLabel(), route, seconds);
    var pool = stream.pool();
    if (pool == null) {
      throw new IllegalStateException("picked without a pool");
    }
    var picker = pool.picker();
    if (weighed) {
      services
          .metrics()
          .divided(
              picker.handlerType(), account.modelLabel(), prefiller != null, !encoders.isEmpty());
    }
    account.encoded(encoders);
    var best = route.endpoint();
    int primaryPort = picker.primaryPort();
    var sidecar = SidecarHeaders.of(prefiller, encoders, primaryPort > 0 ? best : null);
    var destination = primaryPort > 0 ? best.addressAt(primaryPort) : best.address();
    side.reply(request, sidecar.isEmpty() ? destinations(picker, route) : destination, sidecar);
    account.replied(destination);
  }

  /** The endpoint, and where the gateway is known to understand it the next best ones. */
  private String destinations(PoolPicker picker, Decision.Route route) {
    var best = route.endpoint().address();
    var set = services.settings().destinations();
    int most = set == null ? picker.destinations() : set;
    if (most == 1 || route.alternatives().isEmpty()) {
      return best;
    }
    var list = new StringBuilder(best);
    var others = route.alternatives();
    for (int i = 0; i < Math.min(most - 1, others.size()); i++) {
      list.append(',').append(others.get(i).address());
    }
    return list.toString();
  }
}
