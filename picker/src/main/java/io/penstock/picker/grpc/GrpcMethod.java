package io.penstock.picker.grpc;

import io.netty.handler.codec.http2.Http2Headers;

/** One method of a service, for calls in which both sides may send any number of messages. */
public interface GrpcMethod {

  /** {@code /package.Service/Method}. */
  String path();

  /** Longest message that is read; of a longer one only the length is. */
  long mostMessageBytes();

  /**
   * A call begins. On the event loop of its connection, on which everything of it happens.
   *
   * @param headers of the request; not kept
   * @return what hears of the call; before this returns the call may be answered and closed
   */
  GrpcCall.Listener begin(GrpcCall call, Http2Headers headers);
}
