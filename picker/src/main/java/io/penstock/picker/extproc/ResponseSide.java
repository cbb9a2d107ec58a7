package io.penstock.picker.extproc;

/**
 * The response's half of a stream: everything goes back as it came, at once, and is counted on the
 * way. Independent of the request's half, which it may overtake when a pod answers early.
 */
final class ResponseSide {

  private final ExtProcServices services;
  private final ExtProcStream stream;
  private final RequestAccount account;
  private BodyMode mode = BodyMode.FULL_DUPLEX;
  private boolean begun;
  private boolean bodyBegun;
  private boolean ended;

  ResponseSide(ExtProcServices services, ExtProcStream stream, RequestAccount account) {
    this.services = services;
    this.stream = stream;
    this.account = account;
  }

  /** The first message of the stream says how bodies come. */
  void note(Incoming message) {
    if (message.responseBodyMode != null) {
      mode = message.responseBodyMode;
    }
  }

  void headers(Incoming message) {
    begun = true;
    if (message.served != null) {
      account.served(message.served);
    }
    stream.send(Replies.responseHeaders(account.answerHeaders()));
    account.answered(message.status, message.eventStream);
    if (message.endOfStream) {
      end();
    }
  }

  void body(Incoming message) {
    if (ended) {
      return;
    }
    bodyBegun = true;
    if (mode.handsOver()) {
      Replies.responseBody(
          message.bytes, message.bodyStart, message.bodyLength, message.endOfStream, stream::send);
    } else {
      stream.send(Replies.RESPONSE_BODY_UNCHANGED);
    }
    long before = stream.now();
    account.piece(message.bytes, message.bodyStart, message.bodyLength);
    if (message.endOfStream) {
      end();
    }
    services.metrics().responseProcessed((stream.now() - before) / 1e9);
  }

  void trailers() {
    stream.send(Replies.RESPONSE_TRAILERS);
    end();
  }

  private void end() {
    ended = true;
    account.completed();
  }

  /** Whether pieces of the response are with the picker alone, on their way there and back. */
  boolean passesThrough() {
    return bodyBegun && !ended && mode.handsOver();
  }

  /**
   * The gateway ended the stream in good order. Whether the response is over then depends on how
   * much of it the gateway sends here.
   */
  void streamEnded() {
    if (mode != BodyMode.NONE) {
      account.aborted();
    } else if (begun) {
      account.completed();
    } else {
      account.unobserved();
    }
  }
}
