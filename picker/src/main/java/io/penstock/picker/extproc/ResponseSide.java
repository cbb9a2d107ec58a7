package io.penstock.picker.extproc;

import io.penstock.picker.request.JsonLiteral;
import io.penstock.picker.request.ModelRename;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The response's half of a stream: everything goes back as it came, at once, and is counted on the
 * way; only the model's name is changed where the request was sent to another. Independent of the
 * request's half, which it may overtake when a pod answers early.
 */
final class ResponseSide {

  /** Bytes by which a piece grows at most, usually. */
  private static final int ROOM = 64;

  private final ExtProcServices services;
  private final ExtProcStream stream;
  private final RequestAccount account;
  private BodyMode mode = BodyMode.FULL_DUPLEX;
  private @Nullable ModelRename rename;
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
      if (mode == BodyMode.NONE || mode.buffers()) {
        account.firstTokenUnseen();
      }
    }
  }

  void headers(Incoming message) {
    begun = true;
    var request = account.rewritten();
    if (request != null && !message.encoded && (message.eventStream || message.json)) {
      byte[] name = JsonLiteral.of(request.asked());
      rename = new ModelRename(name, request.api(), message.eventStream);
    }
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
    if (message.endOfStream && account.reports()) {
      // What is told with the last piece may stand in it.
      account.piece(message.bytes, message.bodyStart, message.bodyLength);
      pass(message, Replies.reported(account.reported()));
      end();
      return;
    }
    pass(message, Replies.NOTHING);
    long before = stream.now();
    account.piece(message.bytes, message.bodyStart, message.bodyLength);
    if (message.endOfStream) {
      end();
    }
    services.metrics().responseProcessed((stream.now() - before) / 1e9);
  }

  private void pass(Incoming message, byte[] reported) {
    if (rename != null) {
      renamed(rename, message, reported);
    } else if (mode.handsOver()) {
      Replies.responseBody(
          message.bytes,
          message.bodyStart,
          message.bodyLength,
          message.endOfStream,
          reported,
          stream::send);
    } else {
      stream.send(Replies.responseBodyUnchanged(reported));
    }
  }

  /** The piece with the name that the client gave the model. */
  private void renamed(ModelRename by, Incoming message, byte[] reported) {
    var changed = new ByteArrayOutputStream(message.bodyLength + ROOM);
    by.feed(message.bytes, message.bodyStart, message.bodyLength, changed::write);
    if (!mode.handsOver()) {
      boolean whole = mode == BodyMode.BUFFERED;
      stream.send(Replies.replacedResponseBody(changed.toByteArray(), whole, reported));
    } else if (changed.size() > 0 || message.endOfStream) {
      byte[] bytes = changed.toByteArray();
      Replies.responseBody(bytes, 0, bytes.length, message.endOfStream, reported, stream::send);
    }
  }

  void trailers() {
    boolean tells = !ended && account.reports();
    stream.send(
        Replies.responseTrailers(tells ? Replies.reported(account.reported()) : Replies.NOTHING));
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
   * much of it the gateway sends here: one that sends no bodies ends the stream with the answer to
   * the headers, which come before a prefill. An error has none.
   */
  void streamEnded() {
    if (mode != BodyMode.NONE) {
      account.aborted();
    } else if (begun && !account.good()) {
      account.completed();
    } else {
      account.unobserved();
    }
  }
}
