package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** One request without a body, as a gateway asks a picker about it. */
final class ExtProcRequest {

  private ExtProcRequest() {}

  /** Sends it and waits until the picker has answered and the stream is over. */
  static void send(InetSocketAddress picker) throws Exception {
    var channel = NettyChannelBuilder.forAddress(picker).usePlaintext().build();
    var picked = new CompletableFuture<ProcessingResponse>();
    try {
      var requests =
          ExternalProcessorGrpc.newStub(channel)
              .process(
                  new StreamObserver<ProcessingResponse>() {
                    @Override
                    public void onNext(ProcessingResponse reply) {
                      picked.complete(reply);
                    }

                    @Override
                    public void onError(Throwable cause) {
                      picked.completeExceptionally(cause);
                    }

                    @Override
                    public void onCompleted() {}
                  });
      requests.onNext(
          ProcessingRequest.newBuilder()
              .setRequestHeaders(
                  HttpHeaders.newBuilder()
                      .setEndOfStream(true)
                      .setHeaders(
                          HeaderMap.newBuilder()
                              .addHeaders(HeaderValue.newBuilder().setKey(":path").setValue("/"))))
              .build());
      assertThat(picked.get(20, TimeUnit.SECONDS).hasRequestHeaders()).isTrue();
      requests.onCompleted();
    } finally {
      channel.shutdownNow();
    }
  }
}
