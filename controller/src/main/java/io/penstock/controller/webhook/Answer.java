package io.penstock.controller.webhook;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * What the server says to one request. Immutable.
 *
 * @param status HTTP status
 * @param contentType of the body
 * @param body the whole of it
 */
record Answer(int status, String contentType, String body) {

  static Answer json(String body) {
    return new Answer(200, "application/json", body);
  }

  /** A sentence for who asked the wrong way. */
  static Answer text(int status, String sentence) {
    return new Answer(status, "text/plain; charset=utf-8", sentence + "\n");
  }

  /** The body in UTF-8. */
  ByteBuf bytes() {
    return Unpooled.wrappedBuffer(body.getBytes(StandardCharsets.UTF_8));
  }
}
