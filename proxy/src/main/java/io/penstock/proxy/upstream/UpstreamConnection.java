package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a pod: one call at a time, or idle in its pool. Confined to the event loop.
 *
 * <p>The answer's head is copied out and parsed once; its body is walked and handed on as read. A
 * connection is pooled again only when the whole request was written, the whole answer read, the
 * pod keeps it open and nothing follows; in every other case it closes.
 */
final class UpstreamConnection extends ChannelInboundHandlerAdapter {

  private static final int MAX_HEAD_BYTES = 32 * 1024;
  private static final int MAX_INTERIM = 16;

  /** From the request on: a pod that had closed before it came has said so by then. */
  private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final byte[] NOTHING = new byte[0];

  private final UpstreamPool pool;
  private final Channel channel;
  private final IdleConnections home;
  private final BodyFraming framing = new BodyFraming();
  private @Nullable UpstreamCall call;
  private @Nullable ResponseHead head;
  private byte[] partialHead = NOTHING;
  private @Nullable ChannelFuture written;
  private boolean bytesSeen;
  private boolean bodySeen;
  private boolean poisoned;
  private boolean broken;
  private int interim;
  private long idleSinceNanos;

  UpstreamConnection(UpstreamPool pool, Channel channel, IdleConnections home) {
    this.pool = pool;
    this.channel = channel;
    this.home = home;
  }

  IdleConnections home() {
    return home;
  }

  long idleSinceNanos() {
    return idleSinceNanos;
  }

  boolean usable() {
    return channel.isActive();
  }

  /** Sends the call's request, head and body with one flush. */
  void start(UpstreamCall next) {
    call = next;
    head = null;
    bytesSeen = false;
    bodySeen = false;
    interim = 0;
    next.on(this, pool.now());
    ByteBuf requestHead = next.takeHead();
    ByteBuf requestBody = next.takeBody();
    if (requestHead == null || requestBody == null) {
      throw new IllegalStateException("a call is sent once");
    }
    if (requestBody.isReadable()) {
      channel.write(requestHead, channel.voidPromise());
      written = channel.writeAndFlush(requestBody);
    } else {
      requestBody.release();
      written = channel.writeAndFlush(requestHead);
    }
    if (next.paused()) {
      reading(false);
    }
  }

  void reading(boolean on) {
    channel.config().setAutoRead(on);
  }

  /** The call was cancelled: the pod sees the connection end. */
  void abandon() {
    call = null;
    channel.close();
  }

  void close() {
    channel.close();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf read)) {
      ReferenceCountUtil.release(message);
      return;
    }
    var running = call;
    if (running == null) {
      // Bytes nobody asked for: what they are cannot be known.
      read.release();
      channel.close();
      return;
    }
    bytesSeen = true;
    try {
      while (head == null) {
        if (!readHead(running, read)) {
          read.release();
          return;
        }
      }
      readBody(running, read);
    } catch (MalformedAnswer e) {
      read.release();
      call = null;
      channel.close();
      running.fail(UpstreamFailure.Kind.PROTOCOL_ERROR, false, e.getMessage());
    }
  }

  /** Takes a head off the read; false when more bytes are needed, or the call has ended. */
  private boolean readHead(UpstreamCall running, ByteBuf read) throws MalformedAnswer {
    int kept = partialHead.length;
    int length = read.readableBytes();
    byte[] bytes = Arrays.copyOf(partialHead, kept + Math.min(length, MAX_HEAD_BYTES));
    read.getBytes(read.readerIndex(), bytes, kept, bytes.length - kept);
    int end = headEnd(bytes, Math.max(0, kept - 3));
    if (end < 0) {
      if (bytes.length >= MAX_HEAD_BYTES) {
        throw new MalformedAnswer("the head is larger than " + MAX_HEAD_BYTES + " bytes");
      }
      partialHead = bytes;
      read.skipBytes(length);
      return false;
    }
    partialHead = NOTHING;
    read.skipBytes(end - kept);
    var parsed = ResponseHeadParser.parse(Arrays.copyOf(bytes, end), running.answersHead());
    if (parsed.status() == 101) {
      throw new MalformedAnswer("an upgrade nobody asked for");
    }
    if (parsed.status() < 200) {
      return interim(running, parsed) && read.isReadable();
    }
    head = parsed;
    framing.begin(parsed);
    running.handler().head(parsed);
    return call == running;
  }

  /** Hands an interim answer on; false when the call has ended over it. */
  private boolean interim(UpstreamCall running, ResponseHead parsed) throws MalformedAnswer {
    if (++interim > MAX_INTERIM) {
      throw new MalformedAnswer("more than " + MAX_INTERIM + " interim answers");
    }
    if (parsed.status() != 100) {
      running.handler().interim(parsed);
    }
    return call == running;
  }

  private static int headEnd(byte[] bytes, int from) {
    for (int i = from; i + 3 < bytes.length; i++) {
      if (bytes[i] == '\r'
          && bytes[i + 1] == '\n'
          && bytes[i + 2] == '\r'
          && bytes[i + 3] == '\n') {
        return i + 4;
      }
    }
    return -1;
  }

  private void readBody(UpstreamCall running, ByteBuf read) throws MalformedAnswer {
    if (read.isReadable() && !framing.ended()) {
      framing.walk(read);
      boolean surplus = framing.messageEnd() < read.writerIndex();
      read.writerIndex(framing.messageEnd());
      if (surplus) {
        poisoned = true;
      }
      bodySeen = true;
      running.handler().body(read, framing);
    } else {
      if (read.isReadable()) {
        poisoned = true;
      }
      read.release();
    }
    if (framing.ended() && call == running) {
      finish(running);
    }
  }

  private void finish(UpstreamCall running) {
    call = null;
    var answer = head;
    boolean requestOut = written != null && written.isSuccess();
    if (requestOut && answer != null && answer.keepAlive() && !poisoned) {
      reading(true);
      idleSinceNanos = pool.now();
      pool.idle(this);
    } else {
      channel.close();
    }
    running.handler().readComplete();
    running.complete();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (call != null) {
      call.handler().readComplete();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    // TLS has an end of its own; without one, somebody else may have cut the connection.
    if (event instanceof SslCloseCompletionEvent tlsEnd && !tlsEnd.isSuccess()) {
      broken = true;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    pool.closed(this);
    var running = call;
    call = null;
    if (running == null) {
      return;
    }
    if (head != null && framing.endsWithConnection() && !broken) {
      running.handler().readComplete();
      running.complete();
      return;
    }
    running.fail(kindOfEnd(), wasStale(running), null);
  }

  /**
   * Whether the pod had closed already when the request went out, so that it did nothing for it.
   */
  private boolean wasStale(UpstreamCall ended) {
    return ended.reused() && !bytesSeen && pool.now() - ended.connectedNanos() < STALE_NANOS;
  }

  private UpstreamFailure.Kind kindOfEnd() {
    if (head == null) {
      return UpstreamFailure.Kind.RESET_BEFORE_HEAD;
    }
    return bodySeen ? UpstreamFailure.Kind.TRUNCATED : UpstreamFailure.Kind.RESET_BEFORE_BODY;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // A reset is no end: more of a body without a length may have been on its way.
    broken = true;
    channel.close();
  }
}
