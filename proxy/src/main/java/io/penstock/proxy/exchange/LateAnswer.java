package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A pod's answer that is no stream, to a client that was promised one by keep-alive comments: it is
 * collected, since an error can still be told as an event. Confined to the exchange's event loop.
 */
final class LateAnswer {

  /** Engines quote what they refuse, which may be a long prompt. */
  private static final int MOST_BYTES = 1 << 20;

  private final ResponseHead head;
  private final CollectedBody body = new CollectedBody(MOST_BYTES);

  /** An answer of which the head is here. */
  LateAnswer(ResponseHead head) {
    this.head = head;
  }

  ResponseHead head() {
    return head;
  }

  /** Takes one read, whose ownership passes; false when there is too much. */
  boolean read(ByteBuf raw, BodyFraming framing) {
    return body.read(raw, framing);
  }

  /** The error object, on one line as an event needs it; null where the body is none. */
  byte @Nullable [] error() {
    if (head.status() < 400 || !head.isJson()) {
      return null;
    }
    String json = new String(body.bytes(), 0, body.length(), StandardCharsets.UTF_8);
    if (!json.contains("\"error\"")) {
      return null;
    }
    return json.strip().replace('\r', ' ').replace('\n', ' ').getBytes(StandardCharsets.UTF_8);
  }
}
