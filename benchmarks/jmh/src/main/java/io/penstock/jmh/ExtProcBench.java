package io.penstock.jmh;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.penstock.picker.app.PickerApp;
import io.penstock.picker.app.PickerPool;
import io.penstock.picker.app.PickerSettings;
import io.penstock.picker.discovery.EndpointAddress;
import io.penstock.picker.discovery.StaticSource;
import io.penstock.picker.extproc.ExtProcSettings;
import io.penstock.picker.extproc.tls.TlsChoice;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.ModelRule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One request through the picker as a gateway asks it, over a real connection on loopback in plain
 * text: a stream is opened, head and body go in full-duplex pieces, and the time ends when the body
 * has come back whole. Eight endpoints that do not answer scrapes. The client's side, grpc-java
 * with the generated messages, is in the figures.
 *
 * <p>{@code benchmarks/bin/jmh ExtProcBench -p bytes=1024}. Expected on two cores, at the median:
 * 170 µs and 26 KB at 1 KB, 2.7 ms and 960 KB at 400 KB, both sides together.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class ExtProcBench {

  private static final int PIECE_BYTES = 32 * 1024;
  private static final int ENDPOINTS = 8;
  private static final long WAIT_SECONDS = 20;

  /** Length of the body. */
  @Param({"1024", "16384", "65536", "409600"})
  public int bytes;

  private PickerApp picker;
  private ManagedChannel channel;
  private List<ProcessingRequest> messages;
  private int bodyBytes;

  /** Starts the picker and makes what is sent. */
  @Setup
  public void start() throws IOException, InterruptedException {
    List<EndpointAddress> addresses = new ArrayList<>();
    for (int i = 0; i < ENDPOINTS; i++) {
      addresses.add(EndpointAddress.parse("127.0.0.1:" + (1 + i), Role.BOTH, Map.of()));
    }
    var free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    picker =
        PickerApp.start(
            new PickerSettings(
                List.of(
                    new PickerPool(
                        "bench", Set.of("bench"), surroundings -> new StaticSource(addresses))),
                free,
                free,
                free,
                new TlsChoice.Plaintext(),
                ExtProcSettings.defaults(),
                ModelRule.PREFERRED,
                Optional.empty(),
                Duration.ofSeconds(1),
                Duration.ZERO,
                Duration.ofSeconds(1),
                new PickerSettings.Build("", "bench"),
                () -> true));
    channel = NettyChannelBuilder.forAddress(picker.address()).usePlaintext().build();
    messages = messages(Bodies.of(BodyScanBench.Shape.CHAT, bytes));
    while (!picker.ready()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  private List<ProcessingRequest> messages(byte[] body) {
    bodyBytes = body.length;
    List<ProcessingRequest> made = new ArrayList<>();
    made.add(
        ProcessingRequest.newBuilder()
            .setRequestHeaders(
                HttpHeaders.newBuilder()
                    .setHeaders(
                        HeaderMap.newBuilder()
                            .addHeaders(header(":method", "POST"))
                            .addHeaders(header(":path", "/v1/chat/completions"))
                            .addHeaders(header(":scheme", "http"))
                            .addHeaders(header(":authority", "bench"))
                            .addHeaders(header("content-type", "application/json"))
                            .addHeaders(header("x-request-id", "bench"))))
            .build());
    for (int at = 0; at < body.length; at += PIECE_BYTES) {
      int length = Math.min(PIECE_BYTES, body.length - at);
      made.add(
          ProcessingRequest.newBuilder()
              .setRequestBody(
                  HttpBody.newBuilder()
                      .setBody(UnsafeByteOperations.unsafeWrap(body, at, length))
                      .setEndOfStream(at + length == body.length))
              .build());
    }
    return made;
  }

  private static HeaderValue header(String name, String value) {
    return HeaderValue.newBuilder()
        .setKey(name)
        .setRawValue(ByteString.copyFromUtf8(value))
        .build();
  }

  /** Ends both sides. */
  @TearDown
  public void stop() {
    channel.shutdownNow();
    picker.close();
  }

  /** One request; gives the length of the body that came back. */
  @Benchmark
  public long request() throws InterruptedException {
    var replies = new Replies();
    var stream = ExternalProcessorGrpc.newStub(channel).process(replies);
    for (var message : messages) {
      stream.onNext(message);
    }
    long returned = replies.await();
    stream.onCompleted();
    if (returned != bodyBytes) {
      throw new IllegalStateException(returned + " bytes came back of " + bodyBytes);
    }
    return returned;
  }

  /** Counts what comes back; the end, or a failure, wakes who waits. Called on gRPC's threads. */
  private static final class Replies implements StreamObserver<ProcessingResponse> {
    private final BlockingQueue<Long> end = new ArrayBlockingQueue<>(2);
    private long returned;

    long await() throws InterruptedException {
      var whole = end.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      if (whole == null) {
        throw new IllegalStateException("no reply within " + WAIT_SECONDS + " s");
      }
      return whole;
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      if (reply.hasRequestBody()) {
        var piece = reply.getRequestBody().getResponse().getBodyMutation().getStreamedResponse();
        returned += piece.getBody().size();
        if (piece.getEndOfStream()) {
          var _ = end.offer(returned);
        }
      } else if (!reply.hasRequestHeaders()) {
        var _ = end.offer(-1L);
      }
    }

    @Override
    public void onError(Throwable cause) {
      var _ = end.offer(-1L);
    }

    @Override
    public void onCompleted() {}
  }
}
