package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Ticket;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.openai.GatewayError;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The request is whole, and its pool has no room for it yet: it waits for its turn, and its body
 * with it. Confined to the exchange's event loop.
 *
 * <p>Nothing is sent to the client meanwhile, not even a comment that would keep a stream alive:
 * the status of a refusal is still open.
 */
final class Admitting implements ExchangeState {

  /** How often it is looked whether an empty pool has pods again. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Exchange exchange;
  private final GatewayPool pool;
  private final InferenceRequest request;
  private final RequestBody body;
  private final @Nullable Endpoint only;
  private final int priority;
  private @Nullable Ticket waiting;
  private boolean beforeEmptyPool;

  /**
   * Asks for admission; ownership of the body passes.
   *
   * @param only the one pod that can answer, or null when the picker chooses
   */
  Admitting(
      Exchange exchange,
      GatewayPool pool,
      InferenceRequest request,
      RequestBody body,
      @Nullable Endpoint only,
      int priority) {
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.body = body;
    this.only = only;
    this.priority = priority;
  }

  void enter() {
    exchange.enter(this);
    exchange.facts().pool = pool;
    var loop = exchange.loop();
    var verdict =
        pool.picker()
            .admission()
            .admit(
                request,
                exchange.facts().head,
                priority,
                exchange.facts().keyName,
                exchange.startNanos(),
                loop.index(),
                loop.eventLoop(),
                new Turn());
    switch (verdict) {
      case Verdict.Admitted(@Nullable Ticket ticket) -> {
        exchange.ticket(ticket);
        go();
      }
      case Verdict.Queued(var ticket) -> {
        exchange.ticket(ticket);
        waiting = ticket;
        waitOn(loop.now());
      }
      case Verdict.Shed(var outcome) -> reject(GatewayError.of(outcome));
    }
  }

  /**
   * Waits from now on, for {@code timeouts.queue} at most while the pool has pods. How long a
   * request waits for the first of them is for the pool's gate to say.
   */
  private void waitOn(long nowNanos) {
    var timeouts = exchange.loop().settings().timeouts();
    beforeEmptyPool = poolIsEmpty();
    long queue = timeouts.queueNanos();
    long nextAt = nowNanos + (beforeEmptyPool ? Math.min(LOOK_NANOS, queue) : queue);
    long totalAt = exchange.startNanos() + timeouts.totalNanos();
    exchange.deadline(nextAt - totalAt < 0 ? nextAt : totalAt);
  }

  private boolean poolIsEmpty() {
    for (var endpoint : pool.picker().snapshot().endpoints()) {
      if (endpoint.accepts()) {
        return false;
      }
    }
    return true;
  }

  private void go() {
    new Routing(exchange, pool, request, body, only).enter();
  }

  /** Its place in the queue ends first: who hears of it may make room at once, for others. */
  private void reject(GatewayError error) {
    if (waiting != null) {
      waiting.end();
    }
    body.release();
    exchange.reject(error);
  }

  /** Hears of the request's turn; of an eviction also after it, whatever the state is then. */
  private final class Turn implements FlowListener {

    @Override
    public void admitted() {
      go();
    }

    @Override
    public void dropped(FlowOutcome outcome) {
      reject(GatewayError.of(outcome));
    }

    @Override
    public void evicted() {
      exchange.evicted();
    }
  }

  @Override
  public void body(ByteBuf piece) {}

  @Override
  public void bodyEnd() {}

  @Override
  public void clientWritable(boolean writable) {}

  @Override
  public void clientGone() {
    body.release();
    exchange.cancelled();
  }

  @Override
  public void shutDown() {
    reject(GatewayError.DRAINING);
  }

  @Override
  public void evicted() {
    throw new IllegalStateException("nothing was admitted yet");
  }

  @Override
  public void expired(long nowNanos) {
    long total = exchange.loop().settings().timeouts().totalNanos();
    if (nowNanos - exchange.startNanos() >= total) {
      reject(GatewayError.DEADLINE_EXCEEDED);
    } else if (beforeEmptyPool || poolIsEmpty()) {
      waitOn(nowNanos);
    } else {
      reject(GatewayError.QUEUE_TIMEOUT);
    }
  }
}
