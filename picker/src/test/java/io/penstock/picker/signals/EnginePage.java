package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

/** Metrics pages as the scraper reads them. */
public final class EnginePage {

  private static final int LIMIT = 4096;

  private EnginePage() {}

  /** What a page of vLLM's says. */
  public static EngineSample read(String page) {
    return read(page, EngineMetrics.VLLM);
  }

  /** What a whole page of that engine says. */
  public static EngineSample read(String page, EngineMetrics engine) {
    var scanner = new MetricsPageScanner(LIMIT, engine);
    var sample = new EngineSample();
    byte[] bytes = page.getBytes(UTF_8);
    scanner.begin();
    scanner.feed(bytes, 0, bytes.length);
    assertThat(scanner.finish(sample)).isEqualTo(PageVerdict.COMPLETE);
    return sample;
  }
}
