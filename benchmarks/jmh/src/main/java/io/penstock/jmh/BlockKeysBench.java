package io.penstock.jmh;

import io.penstock.picker.request.BlockChain;
import java.util.SplittableRandom;
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
 * The chained hash of every 256-byte block of a prompt, alone.
 *
 * <p>{@code benchmarks/bin/jmh BlockKeysBench}. Expected: 0.08 to 0.1 ns per byte and no
 * allocation.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BlockKeysBench {

  /** Size of the prompt. */
  @Param({"1024", "16384", "65536", "409600"})
  public int bytes;

  private final BlockChain chain = new BlockChain();
  private byte[] prompt;

  /** Makes the prompt. */
  @Setup
  public void make() {
    prompt = new byte[bytes];
    new SplittableRandom(1).nextBytes(prompt);
  }

  /** All blocks of one prompt. */
  @Benchmark
  public int hash() {
    chain.reset();
    chain.update(prompt, 0, prompt.length);
    return chain.count();
  }
}
