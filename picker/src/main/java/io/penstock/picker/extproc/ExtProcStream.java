package io.penstock.picker.extproc;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ext-proc stream, which is one HTTP request: its messages go to the half they belong to.
 *
 * <p>One message is asked for at a time, and only while the gateway takes what is sent, so that a
 * gateway that is slow to read cannot make replies pile up. A fault in here costs at most the
 * observation of a response: before the request is answered it becomes an answer of the picker's
 * own, afterwards the response is passed on unseen. The stream itself ends with OK, but for one
 * whose response comes through here when the picker stops.
 */
final class ExtProcStream extends ServerCall.Listener<Incoming> {

  private static final Logger LOG = LoggerFactory.getLogger(ExtProcStream.class);

  private final ServerCall<Incoming, Reply> call;
  private final LoopState loop;
  private final ExtProcServices services;
  private final @Nullable ExtProcPool pool;
  private final RequestAccount account;
  private final RequestSide request;
  private final ResponseSide response;
  private final long startNanos;
  private boolean open = true;
  private boolean headersSent;
  private boolean counted;
  private boolean wanted;

  /**
   * A stream that begins.
   *
   * @param pool null when the gateway asked for one that does not exist
   */
  ExtProcStream(
      ServerCall<Incoming, Reply> call,
      LoopState loop,
      ExtProcServices services,
      @Nullable ExtProcPool pool) {
    this.call = call;
    this.loop = loop;
    this.services = services;
    this.pool = pool;
    this.account = new RequestAccount(loop, services.metrics());
    this.request = new RequestSide(loop, services, this, account);
    this.response = new ResponseSide(services, this, account);
    this.startNanos = loop.now();
  }

  /** Begins to read. */
  void start() {
    loop.opened(this);
    services.metrics().streamOpened();
    call.request(1);
  }

  @Override
  public void onMessage(Incoming message) {
    if (!open) {
      return;
    }
    try {
      dispatch(message);
    } catch (RuntimeException fault) {
      failed(fault);
    }
    if (open) {
      next();
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

  private void next() {
    if (call.isReady()) {
      call.request(1);
    } else {
      wanted = true;
    }
  }

  @Override
  public void onReady() {
    if (wanted && open) {
      wanted = false;
      call.request(1);
    }
  }

  @Override
  public void onHalfClose() {
    response.streamEnded();
    close();
  }

  @Override
  public void onCancel() {
    account.aborted();
    over("CANCELLED");
  }

  @Override
  public void onComplete() {
    over("OK");
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
      close(Status.UNAVAILABLE.withDescription("the picker stops in the middle of a response"));
    } else {
      account.unobserved();
      close(Status.OK);
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
    if (open && !call.isCancelled()) {
      if (!headersSent) {
        headersSent = true;
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(reply);
    }
  }

  /** Ends the stream in good order. */
  void close() {
    close(Status.OK);
  }

  private void close(Status status) {
    if (open) {
      open = false;
      call.close(status, new Metadata());
      over(status.getCode().name());
    }
  }

  private void over(String code) {
    open = false;
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
