package io.penstock.tools.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** One connection with one request at a time. Confined to the run's event loop. */
final class LoadConnection extends ChannelInboundHandlerAdapter {

  private final LoadRun run;
  private final Measurements measured;
  private final Channel channel;
  private final AnswerReader answer = new AnswerReader();
  private boolean busy;
  private boolean measure;
  private long intendedNanos;
  private long lastEventNanos;
  private boolean streaming;
  private boolean broken;

  LoadConnection(LoadRun run, Measurements measured, Channel channel) {
    this.run = run;
    this.measured = measured;
    this.channel = channel;
  }

  /** Whether a request is on its way. */
  boolean busy() {
    return busy;
  }

  /** When the request on its way was to be sent. */
  long intendedNanos() {
    return intendedNanos;
  }

  /** Sends a request; the head is borrowed. */
  void send(ByteBuf head, OutgoingBody body, long intended, boolean measureIt) {
    busy = true;
    measure = measureIt;
    intendedNanos = intended;
    streaming = false;
    answer.begin();
    channel.write(head.retainedDuplicate(), channel.voidPromise());
    body.writeTo(channel);
    channel.flush();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var bytes = (ByteBuf) message;
    try {
      if (busy) {
        read(bytes);
      }
      if (!busy && bytes.isReadable()) {
        channel.close();
      }
    } finally {
      bytes.release();
    }
  }

  private void read(ByteBuf bytes) {
    int events = answer.read(bytes);
    if (events > 0) {
      events(events);
    }
    if (answer.ended()) {
      complete();
    } else if (answer.malformed()) {
      fail(ErrorKind.MALFORMED);
    }
  }

  private void events(int count) {
    long now = run.nowNanos();
    measured.events(count);
    for (int i = 0; i < count; i++) {
      if (streaming) {
        if (measure) {
          measured.nextEvent(now - lastEventNanos);
        }
      } else {
        streaming = true;
        measured.stream(1);
        if (measure) {
          measured.firstEvent(now - intendedNanos);
        }
      }
      lastEventNanos = now;
    }
  }

  private void complete() {
    if (answer.status() / 100 != 2) {
      end(ErrorKind.STATUS);
    } else if (answer.events().error()) {
      end(ErrorKind.ERROR_EVENT);
    } else if (answer.eventStream() && !answer.events().done()) {
      end(ErrorKind.TRUNCATED);
    } else {
      long now = run.nowNanos();
      if (measure) {
        measured.answered(answer.status(), intendedNanos, now, answer.bodyBytes());
      }
      over();
    }
  }

  /** The answer is complete, but not good. */
  private void end(ErrorKind kind) {
    if (measure) {
      measured.failed(kind, answer.status(), run.nowNanos());
    }
    over();
  }

  private void over() {
    notBusy();
    if (answer.keepAlive()) {
      run.idle(this);
    } else {
      channel.close();
    }
  }

  /** The request failed and its connection is of no more use. */
  void fail(ErrorKind kind) {
    if (measure) {
      measured.failed(kind, answer.status(), run.nowNanos());
    }
    notBusy();
    channel.close();
  }

  /** Ends the connection; a request on its way is forgotten. */
  void cut() {
    if (busy) {
      notBusy();
    }
    channel.close();
  }

  private void notBusy() {
    busy = false;
    if (streaming) {
      streaming = false;
      measured.stream(-1);
    }
    run.requestOver();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (busy) {
      if (answer.endsWithConnection() && !broken) {
        complete();
      } else {
        fail(answer.status() == 0 ? ErrorKind.RESET : ErrorKind.TRUNCATED);
      }
    }
    run.closed(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    broken = true;
    channel.close();
  }
}
