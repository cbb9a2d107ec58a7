package io.penstock.simulator.metrics;

import io.penstock.simulator.engine.Engine;

/**
 * The page of a pod that shows the metrics of Triton with the TensorRT-LLM backend: series of two
 * families that a label tells apart. Confined to the engine's thread.
 */
public final class TritonPage {

  private static final String REQUESTS = "nv_trt_llm_request_metrics";
  private static final String CACHE = "nv_trt_llm_kv_cache_block_metrics";

  private final Engine engine;

  /** A page over an engine. */
  public TritonPage(Engine engine) {
    this.engine = engine;
  }

  /** Appends the page as it is now. */
  public void render(StringBuilder out) {
    var stats = engine.stats();
    int most = engine.config().maxNumSeqs();
    int blocks = engine.config().numGpuBlocks();
    double used = Math.rint(stats.kvCacheUsage() * blocks);
    head(out, REQUESTS, "TRT LLM request metrics");
    sample(out, REQUESTS, "request_type", "waiting", stats.waiting());
    sample(out, REQUESTS, "request_type", "context", 0);
    sample(out, REQUESTS, "request_type", "scheduled", stats.running());
    sample(out, REQUESTS, "request_type", "max", most);
    sample(out, REQUESTS, "request_type", "active", stats.running() + stats.waiting());
    head(out, CACHE, "TRT LLM KV cache block metrics");
    sample(out, CACHE, "kv_cache_block_type", "fraction", stats.kvCacheUsage());
    sample(out, CACHE, "kv_cache_block_type", "tokens_per", engine.config().blockSize());
    sample(out, CACHE, "kv_cache_block_type", "used", used);
    sample(out, CACHE, "kv_cache_block_type", "free", blocks - used);
    sample(out, CACHE, "kv_cache_block_type", "max", blocks);
  }

  private static void head(StringBuilder out, String name, String help) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(" gauge\n");
  }

  private static void sample(
      StringBuilder out, String name, String label, String value, double number) {
    out.append(name).append('{').append(label).append("=\"").append(value);
    out.append("\",model=\"tensorrt_llm\",version=\"1\"} ");
    if (number == Math.rint(number)) {
      out.append((long) number);
    } else {
      out.append(number);
    }
    out.append('\n');
  }
}
