package io.penstock.picker.extproc;

import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;

/**
 * The picker's health as {@code grpc.health.v1} tells it. {@code liveness} serves as long as
 * anything answers; every other name, even one that nobody knows, says whether the picker is ready,
 * because a gateway whose check ends in an error for its name's sake would send nothing here.
 * Thread-safe.
 */
public final class HealthStates {

  private static final String LIVENESS = "liveness";

  /** Names that gateways and probes are known to ask for, and that can be watched. */
  private static final List<String> READINESS =
      List.of("", "readiness", "inference-extension", ExtProcServer.SERVICE);

  private final HealthStatusManager watched = new HealthStatusManager();
  private volatile boolean ready;

  /** Not ready yet. */
  public HealthStates() {
    watched.setStatus(LIVENESS, ServingStatus.SERVING);
    ready(false);
  }

  /** Whether requests may come. */
  public void ready(boolean value) {
    ready = value;
    for (var name : READINESS) {
      watched.setStatus(name, status(value));
    }
  }

  /** Whether requests may come. */
  public boolean ready() {
    return ready;
  }

  /** The gRPC service. */
  ServerServiceDefinition service() {
    var standard = watched.getHealthService().bindService();
    var service = ServerServiceDefinition.builder(HealthGrpc.getServiceDescriptor());
    for (var method : standard.getMethods()) {
      var checks = HealthGrpc.getCheckMethod();
      if (method.getMethodDescriptor().getFullMethodName().equals(checks.getFullMethodName())) {
        service.addMethod(checks, ServerCalls.asyncUnaryCall(this::check));
      } else {
        service.addMethod(method);
      }
    }
    return service.build();
  }

  private void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> answer) {
    boolean serving = ready || request.getService().equals(LIVENESS);
    answer.onNext(HealthCheckResponse.newBuilder().setStatus(status(serving)).build());
    answer.onCompleted();
  }

  private static ServingStatus status(boolean serving) {
    return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }
}
