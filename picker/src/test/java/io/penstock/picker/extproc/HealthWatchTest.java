package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever watches the picker's health is forgotten when its call ends, however that ends. */
class HealthWatchTest {

  private static final HealthCheckRequest READINESS = HealthCheckRequest.getDefaultInstance();

  private final CompletableFuture<Status> ended = new CompletableFuture<>();
  private RunningPicker picker;
  private ClientCall<HealthCheckRequest, HealthCheckResponse> call;

  @BeforeEach
  void watch() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000");
    // As a stream both ways, so that each message is sent at once.
    var watch = HealthGrpc.getWatchMethod().toBuilder().setType(MethodType.BIDI_STREAMING).build();
    call = picker.channel.newCall(watch, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.request(Integer.MAX_VALUE);
    call.sendMessage(READINESS);
    await().until(() -> picker.states.watchers() == 1);
  }

  @AfterEach
  void stop() {
    await().until(() -> picker.states.watchers() == 0);
    picker.close();
  }

  @Test
  void one_that_leaves() {
    call.cancel("seen enough", null);
  }

  @Test
  void one_that_sends_what_is_too_long() throws Exception {
    call.sendMessage(HealthCheckRequest.newBuilder().setService("x".repeat(5_000)).build());
    assertThat(ended.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
  }
}
