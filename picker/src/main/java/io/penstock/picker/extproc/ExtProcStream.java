package io.penstock.picker.extproc;

import io.penstock.picker.grpc.GrpcCall;
import io.penstock.picker.grpc.GrpcStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ext-proc stream, which is one HTTP request: its messages go to the half they belong to.
 *
 * <p>A fault in here costs at most the observation of a response: before the request is answered it
 * becomes an answer of the picker's own, afterwards the response is passed on unseen. The stream
 * itself ends with OK, but for one whose response comes through here when the picker stops.
 */
final class ExtProcStream implements GrpcCall.Listener {

  private static final Logger LOG = LoggerFactory.getLogger(ExtProcStream.class);

  private final GrpcCall call;
  private final LoopState loop;
  private final ExtProcServices services;
  private final @Nullable ExtProcPool pool;
  private final RequestAccount account;
  private final RequestSide request;
  private final ResponseSide response;
  private final long startNanos;

  /** Room taken for a message that has begun and is not whole, in bytes. */
  private long arriving;

  private boolean open = true;
  private boolean counted;

  /**
   * A stream that begins.
   *
   * @param pool null when the gateway asked for one that does not exist
   */
  ExtProcStream(
      GrpcCall call, LoopState loop, ExtProcServices services, @Nullable ExtProcPool pool) {
    this.call = call;
    this.loop = loop;
    this.services = services;
    this.pool = pool;
    this.account = new RequestAccount(loop, services.metrics());
    this.request = new RequestSide(loop, services, this, account);
    this.response = new ResponseSide(services, this, account);
    this.startNanos = loop.now();
  }

  /** Counts as open from here on. */
  void start() {
    loop.opened(this);
    services.metrics().streamOpened();
  }

  /** A request's body counts as held from its beginning; a response's goes back at once. */
  @Override
  public boolean room(int bytes) {
    if (!open || request.answered()) {
      return true;
    }
    // One that is longer than any body may be is to be answered with just that.
    int taken = Math.min(bytes, services.settings().maxBodyBytes());
    if (!services.budget().take(taken)) {
      guarded(() -> request.refuse(ImmediateAnswer.OVERLOADED));
      return false;
    }
    arriving = taken;
    return true;
  }

  private void arrived() {
    services.budget().give(arriving);
    arriving = 0;
  }

  @Override
  public void message(byte[] bytes) {
    arrived();
    take(IncomingReader.parse(bytes));
  }

  @Override
  public void tooLong(long bytes) {
    take(Incoming.of(Incoming.Kind.TOO_LONG));
    if (open) {
      // A piece of a response that goes no further: the stream cannot go on either.
      account.aborted();
      close(GrpcStatus.RESOURCE_EXHAUSTED, "a message of " + bytes + " bytes is too long");
    }
  }

  private void take(Incoming message) {
    if (!open) {
      return;
    }
    try {
      dispatch(message);
    } catch (RuntimeException fault) {
      failed(fault);
    }
  }

  /** Runs what goes on later; a fault of it ends this stream only. */
  void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException fault) {
      failed(fault);
    }
  }

  private void dispatch(Incoming message) {
    response.note(message);
    switch (message.kind) {
      case REQUEST_HEADERS -> request.headers(message);
      case REQUEST_BODY -> request.body(message);
      case REQUEST_TRAILERS -> request.trailers(message);
      case RESPONSE_HEADERS -> response.headers(message);
      case RESPONSE_BODY -> response.body(message);
      case RESPONSE_TRAILERS -> response.trailers();
      case TOO_LONG -> request.tooLong();
      case OTHER -> LOG.debug("a message of a kind that is not known passes by");
      case MALFORMED -> throw new MalformedMessage("the gateway sent no protobuf message");
    }
  }

  private void failed(RuntimeException fault) {
    LOG.error("request {}: the picker failed", request.requestId(), fault);
    if (!request.answered()) {
      request.refuse(ImmediateAnswer.INTERNAL);
    } else {
      account.aborted();
    }
  }

  @Override
  public void halfClosed() {
    response.streamEnded();
    close();
  }

  @Override
  public void cancelled() {
    account.aborted();
    over("CANCELLED");
  }

  /**
   * Ends the stream because the picker stops; what goes on does so without it. A response of which
   * pieces come through here would go on without those that are on their way, and a gateway cannot
   * be told to send no more of them: rather than that a client misses tokens and does not know, the
   * response breaks off.
   */
  void shutDown() {
    if (!open) {
      return;
    }
    if (!request.answered()) {
      request.refuse(ImmediateAnswer.SHUTTING_DOWN);
    } else if (response.passesThrough()) {
      account.aborted();
      close(GrpcStatus.UNAVAILABLE, "the picker stops in the middle of a response");
    } else {
      account.unobserved();
      close();
    }
  }

  /** Whether replies may still be sent. */
  boolean open() {
    return open;
  }

  /** The pool that the gateway asked for, null if there is none of that name. */
  @Nullable ExtProcPool pool() {
    return pool;
  }

  long now() {
    return loop.now();
  }

  /** Sends a reply; nothing once the stream has ended. */
  void send(Reply reply) {
    reply.send(call);
  }

  /** Runs a task when what was sent has gone to the gateway, or the stream is gone. */
  void whenWritten(Runnable task) {
    call.whenWritten(task);
  }

  /** Ends the stream in good order. */
  void close() {
    close(GrpcStatus.OK, "");
  }

  private void close(GrpcStatus status, String text) {
    if (open) {
      open = false;
      call.close(status, text);
      over(status.name());
    }
  }

  private void over(String code) {
    open = false;
    arrived();
    if (counted) {
      return;
    }
    counted = true;
    account.aborted();
    request.release();
    loop.closed(this);
    services.metrics().streamClosed(code, (loop.now() - startNanos) / 1e9);
  }
}
