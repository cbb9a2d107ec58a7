package io.penstock.tools.conform;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A small endpoint picker, right by construction, that takes turns among the endpoints and serves
 * ext_proc and health on one loopback port; with a fault, wrong in one respect. Thread-safe.
 */
final class ReferencePicker implements AutoCloseable {

  /** Two ports of one address, another address, and one of IPv6. */
  static final List<String> POOL =
      List.of("10.0.0.1:8000", "10.0.0.1:8001", "10.0.0.2:8000", "[fd00::1]:8000");

  private static final Map<String, Fault> HEALTH =
      Map.of(
          "liveness",
          Fault.NOT_LIVE,
          "readiness",
          Fault.NOT_READY,
          ExternalProcessorGrpc.SERVICE_NAME,
          Fault.SERVICE_NOT_SERVING,
          "",
          Fault.NAMES_IN_USE_UNKNOWN,
          "inference-extension",
          Fault.NAMES_IN_USE_UNKNOWN);

  private static final int FEW = 50;

  private final List<String> pool;
  private final @Nullable Fault fault;
  private final boolean endsAfterRequest;
  private final Server server;
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicInteger left = new AtomicInteger();

  ReferencePicker(List<String> pool, @Nullable Fault fault) throws IOException {
    this(pool, fault, false);
  }

  /** One that may end each stream with the last reply to its request, and sees no response. */
  ReferencePicker(List<String> pool, @Nullable Fault fault, boolean endsAfterRequest)
      throws IOException {
    this.pool = pool;
    this.fault = fault;
    this.endsAfterRequest = endsAfterRequest;
    var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    var builder = NettyServerBuilder.forAddress(loopback).addService(new HealthService());
    if (!has(Fault.SERVICE_MISSING)) {
      builder.addService(new Processor());
    }
    if (has(Fault.FEW_STREAMS)) {
      builder.maxConcurrentCallsPerConnection(FEW);
    }
    this.server = builder.build().start();
  }

  ConformOptions.Address address() {
    return new ConformOptions.Address("127.0.0.1", server.getPort());
  }

  boolean has(Fault one) {
    return fault == one;
  }

  boolean endsAfterRequest() {
    return endsAfterRequest;
  }

  List<String> pool() {
    return pool;
  }

  /** The next of these in turn. */
  String next(List<String> endpoints) {
    return endpoints.get(Math.floorMod(turn.getAndIncrement(), endpoints.size()));
  }

  /** A gateway left within a request. */
  void countLeft() {
    left.incrementAndGet();
  }

  /** Whether it takes no request any more. */
  boolean isExhausted() {
    return has(Fault.LEFT_STREAMS_COUNTED_FOREVER) && left.get() > FEW;
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Processor extends ExternalProcessorGrpc.ExternalProcessorImplBase {
    @Override
    public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
      return new ReferenceStream(ReferencePicker.this, replies);
    }
  }

  private final class HealthService extends HealthGrpc.HealthImplBase {
    @Override
    public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> answer) {
      var broken = HEALTH.get(request.getService());
      if (broken == null) {
        answer.onError(Status.NOT_FOUND.asRuntimeException());
        return;
      }
      var status = has(broken) ? ServingStatus.NOT_SERVING : ServingStatus.SERVING;
      answer.onNext(HealthCheckResponse.newBuilder().setStatus(status).build());
      answer.onCompleted();
    }
  }
}
