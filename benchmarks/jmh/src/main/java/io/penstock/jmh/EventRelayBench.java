package io.penstock.jmh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.proxy.openai.EventRelay;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.MalformedAnswer;
import io.penstock.proxy.upstream.ResponseHead;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the gateway's own code does with one read of a stream: walk the chunk framing, find the
 * event's end, look for usage, pass it on. No socket.
 *
 * <p>{@code benchmarks/bin/jmh EventRelayBench -prof gc}. Expected: about 270 ns for a read of one
 * event, and 0 B allocated (bar); the same per event when reads hold several.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EventRelayBench {

  private static final String EVENT =
      """
      data: {"id":"chatcmpl-8f1e6a9c0d2b4c7e","object":"chat.completion.chunk",\
      "created":1795345315,"model":"bench","choices":[{"index":0,\
      "delta":{"content":" water"},"logprobs":null,"finish_reason":null}]}

      """;

  /** Events that come with one read. */
  @Param({"1", "8"})
  public int events;

  private final BodyFraming framing = new BodyFraming();
  private long passed;
  private final EventRelay relay =
      new EventRelay(true, true, UnpooledByteBufAllocator.DEFAULT, this::pass);
  private ByteBuf read;
  private int length;

  /** Makes one read of whole chunks. */
  @Setup
  public void make() {
    String chunk = Integer.toHexString(EVENT.length()) + "\r\n" + EVENT + "\r\n";
    byte[] bytes = chunk.repeat(events).getBytes(UTF_8);
    read = UnpooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
    length = bytes.length;
    framing.begin(ResponseHead.Framing.CHUNKED, 0);
  }

  private void pass(ByteBuf bytes) {
    passed += bytes.readableBytes();
  }

  /** One read; the relay gives the buffer to a sink that keeps it. */
  @Benchmark
  public long relay() throws MalformedAnswer {
    read.setIndex(0, length);
    framing.walk(read);
    relay.read(read, framing);
    return passed;
  }
}
