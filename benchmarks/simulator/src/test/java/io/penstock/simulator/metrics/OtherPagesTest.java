package io.penstock.simulator.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.engine.VirtualClock;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The pages of pods that show another engine's metrics. */
class OtherPagesTest {

  private final Engine engine =
      new Engine(
          EngineConfig.builder(EngineProfile.LLAMA_8B)
              .blockSize(32)
              .numGpuBlocks(1_000)
              .maxModelLen(2048)
              .build(),
          new VirtualClock());

  private static String samples(StringBuilder page) {
    return page.toString()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void sglang() {
    var page = new StringBuilder();
    new SglangPage(engine).render(page);
    String labels = "{engine_type=\"unified\",model_name=\"" + engine.config().modelName() + "\"}";
    assertThat(samples(page))
        .isEqualTo(
            """
            sglang:num_running_reqs%1$s 0.0
            sglang:num_used_tokens%1$s 0.0
            sglang:token_usage%1$s 0.0
            sglang:num_queue_reqs%1$s 0.0
            sglang:prompt_tokens_total%1$s 0.0
            sglang:generation_tokens_total%1$s 0.0
            sglang:cache_config_info{num_pages="1000",page_size="32"} 1.0\
            """
                .formatted(labels));
    assertThat(page).contains("# TYPE sglang:prompt_tokens_total counter\n");
  }

  @Test
  void triton() {
    var page = new StringBuilder();
    new TritonPage(engine).render(page);
    assertThat(samples(page))
        .contains(
            "nv_trt_llm_request_metrics{request_type=\"waiting\",model=\"tensorrt_llm\","
                + "version=\"1\"} 0\n",
            "{kv_cache_block_type=\"tokens_per\",model=\"tensorrt_llm\",version=\"1\"} 32\n",
            "{kv_cache_block_type=\"free\",model=\"tensorrt_llm\",version=\"1\"} 1000\n");
  }

  @Test
  void kinds_have_names() {
    assertThat(EngineKind.named("sglang")).isEqualTo(EngineKind.SGLANG);
    assertThatThrownBy(() -> EngineKind.named("tgi"))
        .hasMessage("unknown engine \"tgi\"; known are vllm, sglang, triton-tensorrt-llm");
  }
}
