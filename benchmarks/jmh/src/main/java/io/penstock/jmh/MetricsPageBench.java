package io.penstock.jmh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.MetricsPageScanner;
import io.penstock.picker.signals.PageVerdict;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One metrics page of 50 KB: the wanted series among histograms that are skipped.
 *
 * <p>{@code benchmarks/bin/jmh MetricsPageBench}. Expected: 20 µs, so that 100 pods at 5 pages a
 * second take one percent of a core for the scan; nothing allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MetricsPageBench {

  private static final int PAGE = 50 * 1024;

  private final MetricsPageScanner scanner = new MetricsPageScanner(1 << 20);
  private final EngineSample sample = new EngineSample();
  private byte[] page;

  /** Makes the page. */
  @Setup
  public void make() {
    var text = new StringBuilder(Prompts.metrics(2, 0.5));
    for (int family = 0; text.length() < PAGE; family++) {
      String name = "vllm:bench_seconds_" + family;
      text.append("# HELP ").append(name).append(" Histogram of what nobody routes by.\n");
      text.append("# TYPE ").append(name).append(" histogram\n");
      for (int bucket = 0; bucket < 20; bucket++) {
        text.append(name).append("_bucket{engine=\"0\",le=\"").append(bucket / 4.0);
        text.append("\",model_name=\"bench\"} ").append(bucket * 17).append(".0\n");
      }
    }
    page = text.toString().getBytes(UTF_8);
    if (scan() != PageVerdict.COMPLETE) {
      throw new IllegalStateException("the page does not scan: " + scan());
    }
  }

  /** One page, in one piece. */
  @Benchmark
  public PageVerdict scan() {
    scanner.begin();
    scanner.feed(page, 0, page.length);
    return scanner.finish(sample);
  }
}
