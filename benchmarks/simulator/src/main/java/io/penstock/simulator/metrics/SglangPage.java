package io.penstock.simulator.metrics;

import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineConfig;

/**
 * The page of a pod that shows SGLang's metrics: load, cache and tokens, the cache's shape in the
 * labels that versions before 0.5.11 have. Confined to the engine's thread.
 */
public final class SglangPage {

  private final Engine engine;
  private final String labels;

  /** A page over an engine. */
  public SglangPage(Engine engine) {
    this.engine = engine;
    labels = "engine_type=\"unified\",model_name=\"" + engine.config().modelName() + "\"";
  }

  /** Appends the page as it is now. */
  public void render(StringBuilder out) {
    var stats = engine.stats();
    EngineConfig config = engine.config();
    long tokens = (long) config.numGpuBlocks() * config.blockSize();
    gauge(out, "num_running_reqs", "The number of running requests.", stats.running());
    double used = Math.rint(stats.kvCacheUsage() * tokens);
    gauge(out, "num_used_tokens", "The number of used tokens.", used);
    gauge(out, "token_usage", "The token usage.", stats.kvCacheUsage());
    gauge(out, "num_queue_reqs", "The number of requests in the waiting queue.", stats.waiting());
    counter(out, "prompt_tokens", "Number of prefill tokens processed.", stats.promptTokens());
    counter(
        out,
        "generation_tokens",
        "Number of generation tokens processed.",
        stats.generationTokens());
    head(out, "cache_config_info", "Information of the cache configuration.", "gauge");
    out.append("sglang:cache_config_info{num_pages=\"").append(config.numGpuBlocks());
    out.append("\",page_size=\"").append(config.blockSize()).append("\"} 1.0\n");
  }

  private void gauge(StringBuilder out, String name, String help, double value) {
    head(out, name, help, "gauge");
    sample(out, name, value);
  }

  private void counter(StringBuilder out, String name, String help, long value) {
    head(out, name + "_total", help, "counter");
    sample(out, name + "_total", (double) value);
  }

  private static void head(StringBuilder out, String name, String help, String type) {
    out.append("# HELP sglang:").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE sglang:").append(name).append(' ').append(type).append('\n');
  }

  private void sample(StringBuilder out, String name, double value) {
    out.append("sglang:").append(name).append('{').append(labels).append("} ");
    out.append(PrometheusText.number(value)).append('\n');
  }
}
