package io.penstock.jmh;

import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.BodyScanner;
import io.penstock.picker.request.ScanLimits;
import io.penstock.picker.request.ScanResult;
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
 * One pass over a request body, in pieces of 16 KB as they come from the socket: model, limits,
 * prompt spans and block keys.
 *
 * <p>{@code benchmarks/bin/jmh BodyScanBench -p bytes=65536 -p shape=CHAT}. Expected: 0.2 to 0.3 ns
 * per byte for long text, about 1 µs for 1 KB, about 1 ns per byte of dense escapes; allocation is
 * the request and its keys, 8 bytes for each 256 of prompt.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BodyScanBench {

  /** What stands in the body and in which order. */
  public enum Shape {
    /** A conversation. */
    CHAT,
    /** One string. */
    COMPLETIONS,
    /** A conversation whose contents are lists of parts. */
    PARTS,
    /** A conversation full of escapes. */
    ESCAPES,
    /** A quarter of the body are tools, in front of the conversation. */
    TOOLS_FIRST
  }

  private static final int PIECE = 16 * 1024;

  /** Size of the body. */
  @Param({"1024", "16384", "65536", "409600", "4194304"})
  public int bytes;

  /** What it looks like. */
  @Param public Shape shape = Shape.CHAT;

  private final BodyScanner scanner = new BodyScanner(ScanLimits.DEFAULT);
  private byte[] body;
  private ApiKind api;

  /** Makes the body. */
  @Setup
  public void make() {
    body = Bodies.of(shape, bytes);
    api = shape == Shape.COMPLETIONS ? ApiKind.COMPLETIONS : ApiKind.CHAT;
    if (!(scan() instanceof ScanResult.Scanned)) {
      throw new IllegalStateException("the body does not scan: " + scan());
    }
  }

  /** One body. */
  @Benchmark
  public ScanResult scan() {
    scanner.reset(api);
    for (int i = 0; i < body.length; i += PIECE) {
      scanner.feed(body, i, Math.min(PIECE, body.length - i));
    }
    return scanner.finish();
  }
}
