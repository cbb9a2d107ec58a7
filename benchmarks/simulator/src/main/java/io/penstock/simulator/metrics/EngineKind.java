package io.penstock.simulator.metrics;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Whose metrics a pod shows; in nearly everything else it is vLLM's. */
public enum EngineKind {
  /** {@link MetricsPage}. */
  VLLM("vllm"),
  /** {@link SglangPage}. */
  SGLANG("sglang"),
  /** {@link TritonPage}. */
  TRITON_TENSORRT_LLM("triton-tensorrt-llm");

  private final String name;

  EngineKind(String name) {
    this.name = name;
  }

  /**
   * The kind of that name.
   *
   * @throws IllegalArgumentException naming the allowed ones
   */
  public static EngineKind named(String name) {
    return Arrays.stream(values())
        .filter(each -> each.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "unknown engine \""
                        + name
                        + "\"; known are "
                        + Arrays.stream(values())
                            .map(each -> each.name)
                            .collect(Collectors.joining(", "))));
  }
}
