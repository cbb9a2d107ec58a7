package io.penstock.picker.extproc;

import org.jspecify.annotations.Nullable;

/**
 * One message of the gateway ({@code envoy.service.ext_proc.v3.ProcessingRequest}), as far as the
 * picker reads it. Filled by {@link IncomingReader}, then read only.
 */
final class Incoming {

  /** What the message is about. */
  enum Kind {
    REQUEST_HEADERS,
    REQUEST_BODY,
    REQUEST_TRAILERS,
    RESPONSE_HEADERS,
    RESPONSE_BODY,
    RESPONSE_TRAILERS,
    /** None of the above: a later protocol's. */
    OTHER,
    /** Longer than any message that can be taken; nothing of it was read. */
    TOO_LONG,
    /** No protobuf message. */
    MALFORMED
  }

  Kind kind = Kind.OTHER;
  boolean endOfStream;

  /** Headers of a request; means nothing for other kinds. */
  RequestHead head = new RequestHead();

  /** Status of a response, 0 where the gateway sent none. */
  int status;

  /** Whether a response is a stream of server-sent events. */
  boolean eventStream;

  /** Whether a response is JSON. */
  boolean json;

  /** Whether a response is compressed, so that nothing can be read of it. */
  boolean encoded;

  /** The message's bytes, in which the body's piece lies. */
  byte[] bytes = {};

  int bodyStart;
  int bodyLength;

  /** Endpoints that the gateway allows; null where it does not say. */
  @Nullable SubsetHint subset;

  /** {@code ip:port} that served the response; null where the gateway does not say. */
  @Nullable String served;

  /** How bodies come, in the first message of a stream; null elsewhere and from old gateways. */
  @Nullable BodyMode requestBodyMode;

  @Nullable BodyMode responseBodyMode;

  /** A message of which only the kind is known. */
  static Incoming of(Kind kind) {
    var unread = new Incoming();
    unread.kind = kind;
    return unread;
  }
}
