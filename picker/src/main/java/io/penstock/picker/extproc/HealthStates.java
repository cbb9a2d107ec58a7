package io.penstock.picker.extproc;

import io.netty.handler.codec.http2.Http2Headers;
import io.penstock.picker.grpc.GrpcCall;
import io.penstock.picker.grpc.GrpcMethod;
import io.penstock.picker.grpc.GrpcStatus;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The picker's health as {@code grpc.health.v1} tells it. {@code liveness} serves as long as
 * anything answers; every other name, even one that nobody knows, says whether the picker is ready,
 * because a gateway whose check ends in an error for its name's sake would send nothing here. One
 * that watches such a name learns that it is unknown, as the protocol has it. Thread-safe.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/health-checking.md">the protocol</a>
 */
public final class HealthStates {

  private static final String LIVENESS = "liveness";

  /** Names that gateways and probes are known to ask for, and that can be watched. */
  private static final Set<String> READINESS =
      Set.of("", "readiness", "inference-extension", ExtProcServer.SERVICE);

  private static final int MOST_REQUEST_BYTES = 4 << 10;
  private static final int SERVING = 1;
  private static final int NOT_SERVING = 2;
  private static final int SERVICE_UNKNOWN = 3;

  private final Set<Health> watching = ConcurrentHashMap.newKeySet();
  private volatile boolean ready;

  /** Whether requests may come; watchers are told of a change. */
  public void ready(boolean value) {
    ready = value;
    for (var watcher : watching) {
      watcher.call.eventLoop().execute(watcher::tell);
    }
  }

  /** Whether requests may come. */
  public boolean ready() {
    return ready;
  }

  /** Calls that are told of changes. */
  int watchers() {
    return watching.size();
  }

  /** The gRPC service. */
  List<GrpcMethod> methods() {
    return List.of(new Method("Check", false), new Method("Watch", true));
  }

  private final class Method implements GrpcMethod {
    private final String name;
    private final boolean watches;

    Method(String name, boolean watches) {
      this.name = name;
      this.watches = watches;
    }

    @Override
    public String path() {
      return "/grpc.health.v1.Health/" + name;
    }

    @Override
    public long mostMessageBytes() {
      return MOST_REQUEST_BYTES;
    }

    @Override
    public GrpcCall.Listener begin(GrpcCall call, Http2Headers headers) {
      return new Health(call, watches);
    }
  }

  /** One question. */
  private final class Health implements GrpcCall.Listener {
    private final GrpcCall call;
    private final boolean watches;
    private @Nullable String service;
    private int told;

    Health(GrpcCall call, boolean watches) {
      this.call = call;
      this.watches = watches;
    }

    @Override
    public void message(byte[] bytes) {
      if (service != null) {
        return;
      }
      try {
        service = service(bytes);
      } catch (MalformedMessage e) {
        call.close(GrpcStatus.INTERNAL, "no health request: " + e.getMessage());
        return;
      }
      if (watches) {
        watching.add(this);
        tell();
      } else {
        call.send(response(serving(service)));
        call.close();
      }
    }

    /** Says what is, if it is not what was said last. */
    void tell() {
      var name = service;
      if (name == null || !call.open()) {
        return;
      }
      boolean known = READINESS.contains(name) || name.equals(LIVENESS);
      int status = known ? serving(name) : SERVICE_UNKNOWN;
      if (status != told) {
        told = status;
        call.send(response(status));
      }
    }

    @Override
    public void tooLong(long bytes) {
      // The call ends without an answer, and of that a listener hears nothing more.
      watching.remove(this);
    }

    @Override
    public void halfClosed() {
      if (service == null) {
        call.close(GrpcStatus.INTERNAL, "no health request came");
      }
    }

    @Override
    public void cancelled() {
      watching.remove(this);
    }
  }

  private int serving(String service) {
    return ready || service.equals(LIVENESS) ? SERVING : NOT_SERVING;
  }

  /** {@code HealthCheckRequest.service}. */
  private static String service(byte[] request) {
    var in = new ProtoReader(request);
    String service = "";
    while (in.next()) {
      if (in.field() == 1) {
        in.span();
        service = in.text();
      } else {
        in.skip();
      }
    }
    return service;
  }

  /** {@code HealthCheckResponse.status}. */
  private static byte[] response(int status) {
    return new ProtoWriter().number(1, status).toBytes();
  }
}
