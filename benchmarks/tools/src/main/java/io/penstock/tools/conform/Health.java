package io.penstock.tools.conform;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The names under which a picker that works says that it does. */
final class Health {

  private Health() {}

  static Verdict ofLiveness(Gateway gateway) {
    return serves(gateway, List.of("liveness"));
  }

  static Verdict ofReadiness(Gateway gateway) {
    return serves(gateway, List.of("readiness"));
  }

  static Verdict ofTheService(Gateway gateway) {
    return serves(gateway, List.of(ExternalProcessorGrpc.SERVICE_NAME));
  }

  /** What load balancers, and the pods of GIE's own conformance suite, ask for. */
  static Verdict ofTheNamesInUse(Gateway gateway) {
    return serves(gateway, List.of("", "inference-extension"));
  }

  private static Verdict serves(Gateway gateway, List<String> services) {
    for (String service : services) {
      String status = status(gateway, service);
      if (!status.equals(ServingStatus.SERVING.name())) {
        return new Verdict.Failed("SERVING for '" + service + "'", status);
      }
    }
    return new Verdict.Passed("SERVING");
  }

  private static String status(Gateway gateway, String service) {
    try {
      return HealthGrpc.newBlockingStub(gateway.health())
          .withDeadlineAfter(gateway.options().timeout().toMillis(), TimeUnit.MILLISECONDS)
          .check(HealthCheckRequest.newBuilder().setService(service).build())
          .getStatus()
          .name();
    } catch (StatusRuntimeException e) {
      return "gRPC status " + e.getStatus().getCode();
    }
  }
}
