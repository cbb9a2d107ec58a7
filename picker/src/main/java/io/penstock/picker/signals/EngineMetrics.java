package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An {@link EngineSpec} made ready for looking names up. Immutable; a look-up compares the names of
 * the right length, a handful, and allocates nothing.
 */
public final class EngineMetrics {

  private static final int BYTES = 256;

  /** Those of vLLM, without configuration. */
  static final EngineMetrics VLLM =
      new EngineTable(EngineSettings.DEFAULT).metrics(EngineSettings.ENGINE);

  /** Series that are read, of one metric. Immutable. */
  static final class Series {
    final EngineMetric metric;

    /** Place of the attribute; means nothing for any other metric. */
    final int attribute;

    /** Whether a page that has it is one of the engine's. */
    final boolean proof;

    private final byte[][] labels;
    private final byte[][] values;

    private Series(EngineMetric metric, int attribute, boolean proof, Map<String, String> labels) {
      this.metric = metric;
      this.attribute = attribute;
      this.proof = proof;
      this.labels = bytes(labels.keySet());
      this.values = bytes(labels.values());
    }

    private static byte[][] bytes(Iterable<String> texts) {
      List<byte[]> all = new ArrayList<>();
      texts.forEach(each -> all.add(each.getBytes(UTF_8)));
      return all.toArray(byte[][]::new);
    }

    /** Whether the line, whose labels have been read, is one of them. */
    boolean has(SampleLine line) {
      for (int i = 0; i < labels.length; i++) {
        if (!line.has(labels[i], values[i])) {
          return false;
        }
      }
      return true;
    }
  }

  final AttributeKeys keys;
  final byte[] blockSizeLabel;
  final byte[] numBlocksLabel;

  /** Whether the cache's shape is told as vLLM does: blocks of the pod, tokens of each engine. */
  final boolean podBlocks;

  private final boolean strict;
  private final byte[][] names;
  private final Series[][] series;
  private final boolean[] firstBytes = new boolean[BYTES];
  private final boolean[] lengths;

  EngineMetrics(EngineSpec spec, AttributeKeys keys) {
    this.keys = keys;
    this.blockSizeLabel = spec.cache().blockSizeLabel().getBytes(UTF_8);
    this.numBlocksLabel = spec.cache().numBlocksLabel().getBytes(UTF_8);
    var info = spec.cache().info();
    this.podBlocks = info != null && info.name().equals(BuiltInEngines.VLLM_CACHE);
    // A page of vLLM's always has it; other engines may have none before the first request.
    this.strict = spec.name().equals(BuiltInEngines.VLLM) && spec.running() != null;
    Map<String, List<Series>> byName = new LinkedHashMap<>();
    add(byName, EngineMetric.RUNNING, spec.running());
    add(byName, EngineMetric.WAITING, spec.queued());
    add(byName, EngineMetric.KV_USAGE, spec.kvUsage());
    add(byName, EngineMetric.LORA, spec.lora());
    add(byName, EngineMetric.CACHE_CONFIG, spec.cache().info());
    add(byName, EngineMetric.BLOCK_SIZE, spec.cache().blockSize());
    add(byName, EngineMetric.NUM_BLOCKS, spec.cache().numBlocks());
    BuiltInEngines.besides(spec.name())
        .forEach((name, metric) -> add(byName, metric, MetricSpec.of(name)));
    for (var custom : spec.custom()) {
      add(byName, EngineMetric.ATTRIBUTE, keys.indexOf(custom.attribute()), custom.metric());
    }
    this.names = byName.keySet().stream().map(each -> each.getBytes(UTF_8)).toArray(byte[][]::new);
    this.series =
        byName.values().stream().map(each -> each.toArray(Series[]::new)).toArray(Series[][]::new);
    this.lengths =
        new boolean[1 + Arrays.stream(names).mapToInt(each -> each.length).max().orElse(0)];
    for (byte[] name : names) {
      firstBytes[name[0] & 0xff] = true;
      lengths[name.length] = true;
    }
  }

  private void add(
      Map<String, List<Series>> byName, EngineMetric metric, @Nullable MetricSpec spec) {
    if (spec != null) {
      add(byName, metric, -1, spec);
    }
  }

  private void add(
      Map<String, List<Series>> byName, EngineMetric metric, int attribute, MetricSpec spec) {
    boolean proof =
        switch (metric) {
          case RUNNING -> true;
          case WAITING, KV_USAGE, ATTRIBUTE -> !strict;
          case KV_USAGE_OLD,
              PREFIX_CACHE_QUERIES,
              PREFIX_CACHE_HITS,
              PROMPT_TOKENS,
              GENERATION_TOKENS,
              PREEMPTIONS,
              SLEEP_STATE,
              LORA,
              CACHE_CONFIG,
              BLOCK_SIZE,
              NUM_BLOCKS ->
              false;
        };
    byName
        .computeIfAbsent(spec.name(), _ -> new ArrayList<>())
        .add(new Series(metric, attribute, proof, spec.labels()));
  }

  /** Whether a line that begins so may be wanted. */
  boolean mayBeginWith(byte first) {
    return firstBytes[first & 0xff];
  }

  /** Place of the metric of exactly that name; -1 for one that nobody wants. */
  int indexOf(byte[] bytes, int from, int to) {
    int length = to - from;
    if (length >= lengths.length || !lengths[length]) {
      return -1;
    }
    for (int i = 0; i < names.length; i++) {
      if (names[i].length == length && Arrays.equals(bytes, from, to, names[i], 0, length)) {
        return i;
      }
    }
    return -1;
  }

  /** The series that are read of the metric at that place. */
  Series[] series(int index) {
    return series[index];
  }
}
