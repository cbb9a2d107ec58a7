package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A client's side that keeps what it is given of an answer. Confined to one thread. */
final class WrittenAnswer implements ClientStream {

  private final boolean chunked;
  private final StringBuilder written = new StringBuilder();

  /** Counted down by the answer's head. */
  final CountDownLatch begun = new CountDownLatch(1);

  private final List<Integer> statuses = new ArrayList<>();

  WrittenAnswer(boolean chunked) {
    this.chunked = chunked;
  }

  String text() {
    return written.toString();
  }

  /** The status of each head that was written, of which an answer has one. */
  List<Integer> statuses() {
    return statuses;
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
      int status, @Nullable ResponseHead relayed, String[] extra, long contentLength) {
    statuses.add(status);
    begun.countDown();
  }

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
