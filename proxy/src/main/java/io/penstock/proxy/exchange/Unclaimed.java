package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.pool.Endpoint;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import java.util.concurrent.TimeUnit;

/**
 * An answer that nobody waits for, asked for so that a pod gives up a prompt it holds. Confined to
 * the event loop; outlives its exchange, for a bounded time.
 */
final class Unclaimed implements ResponseHandler {

  /** From the moment it is left alone: a pod has scheduled it by then, or is beyond hope. */
  private static final long LEFT_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** For an answer of one token. */
  private static final long RELEASE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final LoopContext loop;
  private final Attempt attempt;
  private final boolean untilFirstByte;
  private final long mostNanos;
  private int status;
  private final Deadlines.Deadline deadline =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          attempt.abandoned();
        }
      };

  /**
   * A decode that was sent for a client who has left. It ends with the first byte of its answer's
   * body: a head may come before the engine has looked at the request.
   */
  Unclaimed(LoopContext loop, Attempt sent) {
    this.loop = loop;
    this.attempt = sent;
    this.untilFirstByte = true;
    this.mostNanos = LEFT_NANOS;
    sent.handTo(this);
  }

  /**
   * An answer of one token that is about to be asked for.
   *
   * @param certain whether there is a prompt to answer from, so that it is worth waiting for
   */
  Unclaimed(LoopContext loop, GatewayPool pool, Endpoint by, boolean certain) {
    this.loop = loop;
    this.attempt = new Attempt(loop, pool, by, null, null, this);
    this.untilFirstByte = false;
    this.mostNanos = certain ? RELEASE_NANOS : LEFT_NANOS;
  }

  Attempt attempt() {
    return attempt;
  }

  void begin() {
    loop.deadlines().set(deadline, loop.now() + mostNanos);
  }

  @Override
  public void interim(ResponseHead head) {}

  @Override
  public void head(ResponseHead head) {
    status = head.status();
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    raw.release();
    if (untilFirstByte) {
      loop.deadlines().clear(deadline);
      attempt.abandoned();
    }
  }

  @Override
  public void readComplete() {}

  @Override
  public void complete() {
    loop.deadlines().clear(deadline);
    if (!untilFirstByte && status >= 400 && status < 500) {
      loop.gateway().metrics().legs().unreleased();
    }
    if (status < 500) {
      attempt.succeeded(status, -1, -1, -1);
    } else {
      // It may be the pod that holds the prompt that has gone, which says nothing against this one.
      attempt.abandoned();
    }
  }

  @Override
  public void failed(UpstreamFailure failure) {
    loop.deadlines().clear(deadline);
    if (failure.staleConnection()) {
      attempt.wentStale();
    } else {
      attempt.failed(Failures.attempt(failure.kind()));
    }
  }
}
