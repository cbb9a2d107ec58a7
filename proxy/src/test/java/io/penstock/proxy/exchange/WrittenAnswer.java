package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A client's side that keeps the bytes of the body it is given. Confined to the test's thread. */
final class WrittenAnswer implements ClientStream {

  private final boolean chunked;
  private final StringBuilder written = new StringBuilder();

  WrittenAnswer(boolean chunked) {
    this.chunked = chunked;
  }

  String text() {
    return written.toString();
  }

  /** The bytes without the framing of chunks, where all of them came in {@link #comment}. */
  String payload() {
    var payload = new StringBuilder();
    int at = 0;
    while (at < written.length()) {
      int sizeEnd = written.indexOf("\r\n", at);
      int size = Integer.parseInt(written.substring(at, sizeEnd), 16);
      payload.append(written, sizeEnd + 2, sizeEnd + 2 + size);
      at = sizeEnd + 2 + size + 2;
    }
    return payload.toString();
  }

  @Override
  public String httpVersion() {
    return chunked ? "1.1" : "2";
  }

  @Override
  public @Nullable String address() {
    return null;
  }

  @Override
  public EventLoop loop() {
    throw new UnsupportedOperationException("no loop");
  }

  @Override
  public boolean chunked() {
    return chunked;
  }

  @Override
  public void interim(ResponseHead head) {}

  @Override
  public void begin(
      int status, @Nullable ResponseHead relayed, String[] extra, long contentLength) {}

  @Override
  public void body(ByteBuf bytes) {
    written.append(bytes.toString(StandardCharsets.ISO_8859_1));
    bytes.release();
  }

  @Override
  public void comment(ByteBuf payload) {
    written.append(Integer.toHexString(payload.readableBytes())).append("\r\n");
    body(payload);
    written.append("\r\n");
  }

  @Override
  public void flush() {}

  @Override
  public void end(boolean endPassed) {}

  @Override
  public void abort() {}

  @Override
  public boolean writable() {
    return true;
  }

  @Override
  public void continueReading() {}
}
