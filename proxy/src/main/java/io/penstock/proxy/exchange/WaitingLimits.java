package io.penstock.proxy.exchange;

import io.penstock.proxy.openai.GatewayError;
import org.jspecify.annotations.Nullable;

/**
 * How long an exchange waits for the first bytes of its answer, of a stream for its first token,
 * and when a stream's client hears meanwhile that it is still waited for. Confined to the
 * exchange's event loop.
 */
final class WaitingLimits {

  private final Exchange exchange;
  private final boolean stream;
  private final long totalAt;
  private final long answerAt;
  private final long pingEveryNanos;
  private long pingAt;

  WaitingLimits(Exchange exchange, boolean stream) {
    this.exchange = exchange;
    this.stream = stream;
    var timeouts = exchange.loop().settings().timeouts();
    long now = exchange.loop().now();
    this.totalAt = exchange.startNanos() + timeouts.totalNanos();
    this.answerAt = now + (stream ? timeouts.firstByteNanos() : timeouts.answerNanos());
    this.pingEveryNanos = stream ? timeouts.sseKeepAliveNanos() : 0;
    this.pingAt = now + pingEveryNanos;
  }

  /** Those of a stream: these where it was known to be one, else new ones, from now on. */
  WaitingLimits ofStream() {
    return stream ? this : new WaitingLimits(exchange, true);
  }

  /** Sets the exchange's deadline to the next of the limits. */
  void set() {
    exchange.deadline(next());
  }

  /** The same, or to one more limit if that is earlier. */
  void set(long orAtNanos) {
    long next = next();
    exchange.deadline(orAtNanos - next < 0 ? orAtNanos : next);
  }

  private long next() {
    long next = totalAt - answerAt < 0 ? totalAt : answerAt;
    if (pingEveryNanos > 0 && pingAt - next < 0) {
      next = pingAt;
    }
    return next;
  }

  /** The limit that has passed, null while there is time. */
  @Nullable GatewayError passed(long nowNanos) {
    if (nowNanos - totalAt >= 0) {
      return GatewayError.DEADLINE_EXCEEDED;
    }
    if (nowNanos - answerAt >= 0) {
      return stream ? GatewayError.TIME_TO_FIRST_TOKEN_TIMEOUT : GatewayError.ANSWER_TIMEOUT;
    }
    return null;
  }

  /** Whether a keep-alive comment is due; then the next one is due one interval later. */
  boolean pingDue(long nowNanos) {
    if (pingEveryNanos == 0 || nowNanos - pingAt < 0) {
      return false;
    }
    pingAt = nowNanos + pingEveryNanos;
    return true;
  }
}
