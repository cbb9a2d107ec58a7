package io.penstock.picker.extproc;

import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.penstock.picker.grpc.GrpcCall;
import io.penstock.picker.grpc.GrpcMethod;
import java.util.List;

/**
 * The one method of ext-proc: each call is one HTTP request of a gateway. Immutable.
 *
 * @param loops of the server, in the order of the pickers' columns
 * @param mostMessageBytes of one message
 */
record ProcessMethod(List<LoopState> loops, ExtProcServices services, long mostMessageBytes)
    implements GrpcMethod {

  private static final AsciiString POOL = AsciiString.cached(ExtProcServer.POOL_HEADER);

  @Override
  public String path() {
    return "/" + ExtProcServer.SERVICE + "/Process";
  }

  @Override
  public GrpcCall.Listener begin(GrpcCall call, Http2Headers headers) {
    var name = headers.get(POOL);
    var pool = services.pool(name == null ? null : name.toString());
    var stream = new ExtProcStream(call, state(), services, pool);
    stream.start();
    return stream;
  }

  /** The state of the loop that runs this. */
  private LoopState state() {
    for (int i = 0; i < loops.size(); i++) {
      if (loops.get(i).eventLoop().inEventLoop()) {
        return loops.get(i);
      }
    }
    throw new IllegalStateException("a stream outside of the event loops");
  }
}
