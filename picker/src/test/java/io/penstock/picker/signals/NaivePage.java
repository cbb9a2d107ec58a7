package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A metrics page read the slow and obvious way, to hold the scanner against. */
final class NaivePage {

  private static final Pattern LINE =
      Pattern.compile(
          "(vllm:[a-z_]+)(\\{((?:\\w+=\"(?:[^\"\\\\]|\\\\.)*\",?)*)})?[ \\t]+([^ \\t]+)(?: .*)?");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  private record Series(String name, Map<String, String> labels, double value) {}

  private final List<Series> series;

  NaivePage(byte[] page) {
    var text = new String(page, UTF_8);
    series =
        Arrays.stream(text.split("\n"))
            .map(LINE::matcher)
            .filter(line -> line.matches() && usable(line.group(4)))
            .map(
                line ->
                    new Series(
                        line.group(1),
                        labels(line.group(3) == null ? "" : line.group(3)),
                        Double.parseDouble(line.group(4))))
            .toList();
  }

  EngineSample sample() {
    var sample = new EngineSample();
    sample.running = (int) sum("vllm:num_requests_running");
    sample.waiting = (int) sum("vllm:num_requests_waiting");
    var usage = values("vllm:kv_cache_usage_perc");
    if (usage.length == 0) {
      usage = values("vllm:gpu_cache_usage_perc");
    }
    sample.kvUsage = Math.min(1, Arrays.stream(usage).average().orElse(0));
    sample.prefixCacheQueries = (long) sum("vllm:prefix_cache_queries_total");
    sample.prefixCacheHits = (long) sum("vllm:prefix_cache_hits_total");
    sample.promptTokens = (long) sum("vllm:prompt_tokens_total");
    sample.generationTokens = (long) sum("vllm:generation_tokens_total");
    sample.preemptions = (long) sum("vllm:num_preemptions_total");
    var awake =
        series.stream()
            .filter(s -> s.name.equals("vllm:engine_sleep_state"))
            .filter(s -> "awake".equals(s.labels.get("sleep_state")))
            .toList();
    sample.asleep = !awake.isEmpty() && awake.stream().allMatch(s -> s.value == 0);
    for (var config : series) {
      if (config.name.equals("vllm:cache_config_info")) {
        sample.blockSize = (int) number(config, "block_size", sample.blockSize);
        sample.numGpuBlocks = Math.max(sample.numGpuBlocks, number(config, "num_gpu_blocks", 0));
        sample.kvCapacityTokens += number(config, "kv_cache_size_tokens", 0);
      }
    }
    if (sample.kvCapacityTokens == 0) {
      sample.kvCapacityTokens = sample.numGpuBlocks * sample.blockSize;
    }
    double newest = Double.NEGATIVE_INFINITY;
    for (var lora : series) {
      if (lora.name.equals("vllm:lora_requests_info") && lora.value >= newest) {
        newest = lora.value;
        sample.loraAdapters =
            new LoraAdapters(
                (int) number(lora, "max_lora", 0),
                names(lora.labels.getOrDefault("running_lora_adapters", "")),
                names(lora.labels.getOrDefault("waiting_lora_adapters", "")));
      }
    }
    return sample;
  }

  private static boolean usable(String number) {
    try {
      double value = Double.parseDouble(number);
      return !number.matches(".*[dDfFxX]") && Double.isFinite(value) && value >= 0;
    } catch (NumberFormatException notANumber) {
      return false;
    }
  }

  private static long number(Series series, String label, long otherwise) {
    var text = series.labels.getOrDefault(label, "None");
    return text.matches("\\d{1,9}") && Long.parseLong(text) > 0 ? Long.parseLong(text) : otherwise;
  }

  private static List<String> names(String list) {
    return Arrays.stream(list.split(",")).map(String::strip).filter(n -> !n.isEmpty()).toList();
  }

  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new HashMap<>();
    var label = LABEL.matcher(text);
    while (label.find()) {
      labels.putIfAbsent(label.group(1), label.group(2));
    }
    return labels;
  }

  private double[] values(String name) {
    return series.stream().filter(s -> s.name.equals(name)).mapToDouble(Series::value).toArray();
  }

  private double sum(String name) {
    return Arrays.stream(values(name)).sum();
  }
}
