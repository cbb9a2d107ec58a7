package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Pages of the engines that a label can name, read whole and cut at every place. */
class EnginePagesTest {

  private static final EngineTable BUILT_IN = new EngineTable(EngineSettings.DEFAULT);

  @Test
  void the_engines_are_those_of_llm_d() {
    assertThat(BUILT_IN.names())
        .isEqualTo("sglang, triton, triton-tensorrt-llm, trtllm-serve, vllm");
    assertThat(BUILT_IN.knows("other")).isFalse();
    assertThat(BUILT_IN.metrics("other")).isSameAs(BUILT_IN.metrics("vllm"));
  }

  @Test
  void the_label_names_the_engine_then_its_older_name_does_then_the_default_holds() {
    var settings = new EngineSettings("engine", "triton", EngineSettings.withBuiltIn(List.of()));
    var table = new EngineTable(settings);

    assertThat(table.engine(Map.of("engine", "vllm", EngineSettings.OLDER_LABEL, "sglang")))
        .isEqualTo("vllm");
    assertThat(table.engine(Map.of("engine", "", EngineSettings.OLDER_LABEL, "sglang")))
        .isEqualTo("sglang");
    assertThat(table.engine(Map.of(EngineSettings.LABEL, "vllm"))).isEqualTo("triton");
    assertThat(BUILT_IN.engine(Map.of(EngineSettings.LABEL, "sglang"))).isEqualTo("sglang");
    assertThat(BUILT_IN.engine(Map.of())).isEqualTo("vllm");
  }

  @Test
  void sglang_before_0_5_11() {
    var sample =
        read(
            "sglang",
            """
            # TYPE sglang:num_running_reqs gauge
            sglang:num_running_reqs{engine_type="unified",model_name="m",tp_rank="0"} 7.0
            sglang:num_queue_reqs{engine_type="unified",model_name="m",tp_rank="0"} 3.0
            sglang:num_queue_reqs_total{model_name="m"} 900.0
            sglang:token_usage{engine_type="unified",model_name="m",tp_rank="0"} 0.25
            sglang:cache_config_info{num_pages="2048",page_size="16"} 1.0
            sglang:prompt_tokens_total{model_name="m"} 8.128902e+06
            sglang:generation_tokens_total{model_name="m"} 7.557572e+06
            vllm:num_requests_running{engine="0"} 99.0
            """);

    assertThat(sample.running()).isEqualTo(7);
    assertThat(sample.waiting()).isEqualTo(3);
    assertThat(sample.kvUsage()).isCloseTo(0.25, within(1e-12));
    assertThat(sample.blockSize()).isEqualTo(16);
    assertThat(sample.numGpuBlocks()).isEqualTo(2048);
    assertThat(sample.promptTokens()).isEqualTo(8_128_902);
    assertThat(sample.generationTokens()).isEqualTo(7_557_572);
  }

  @Test
  void sglang_since_0_5_11() {
    var sample =
        read(
            "sglang",
            """
            sglang:num_running_reqs{dp_rank="0"} 1.0
            sglang:num_running_reqs{dp_rank="1"} 2.0
            sglang:token_usage{dp_rank="0"} 0.2
            sglang:token_usage{dp_rank="1"} 0.4
            sglang:page_size{dp_rank="0"} 64.0
            sglang:page_size{dp_rank="1"} 64.0
            sglang:num_pages{dp_rank="0"} 100.0
            sglang:num_pages{dp_rank="1"} 100.0
            """);

    assertThat(sample.running()).isEqualTo(3);
    assertThat(sample.kvUsage()).isCloseTo(0.3, within(1e-12));
    assertThat(sample.blockSize()).isEqualTo(64);
    assertThat(sample.numGpuBlocks()).isEqualTo(200);
  }

  @Test
  void trtllm_serve() {
    var sample =
        read(
            "trtllm-serve",
            """
            trtllm_num_requests_running{model_name="m"} 2
            trtllm_num_requests_waiting{model_name="m"} 5
            trtllm_kv_cache_utilization{model_name="m"} 0.5
            trtllm_kv_cache_tokens_per_block{model_name="m"} 32
            trtllm_kv_cache_max_blocks{model_name="m"} 4000
            """);

    assertThat(sample.running()).isEqualTo(2);
    assertThat(sample.waiting()).isEqualTo(5);
    assertThat(sample.kvUsage()).isEqualTo(0.5);
    assertThat(sample.blockSize()).isEqualTo(32);
    assertThat(sample.numGpuBlocks()).isEqualTo(4000);
  }

  @Test
  void triton_with_tensorrt_llm_tells_its_series_apart_by_a_label() {
    var sample =
        read(
            "triton-tensorrt-llm",
            """
            nv_trt_llm_request_metrics{model="m",request_type="context",version="1"} 40
            nv_trt_llm_request_metrics{model="m",request_type="scheduled",version="1"} 4
            nv_trt_llm_request_metrics{model="m",request_type="waiting",version="1"} 6
            nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="m"} 1000
            nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="m"} 64
            nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="m"} 0.125
            nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="m"} NaN
            """);

    assertThat(sample.running()).isEqualTo(4);
    assertThat(sample.waiting()).isEqualTo(6);
    assertThat(sample.kvUsage()).isEqualTo(0.125);
    assertThat(sample.blockSize()).isEqualTo(64);
    assertThat(sample.numGpuBlocks()).isEqualTo(1000);
  }

  @Test
  void triton_alone_tells_what_waits() {
    var sample =
        read(
            "triton",
            """
            nv_inference_exec_count{model="m",version="1"} 12345
            nv_inference_pending_request_count{model="m",version="1"} 8
            nv_inference_pending_request_count{model="n",version="1"} 1
            """);

    assertThat(sample.running()).isZero();
    assertThat(sample.waiting()).isEqualTo(9);
  }

  @Test
  void a_page_of_another_engine_is_none() {
    var scanner = new MetricsPageScanner(1 << 20, BUILT_IN.metrics("sglang"));
    feed(scanner, "vllm:num_requests_running{engine=\"0\"} 1.0\nsglang:page_size 16\n");

    assertThat(scanner.finish(new EngineSample())).isEqualTo(PageVerdict.NO_ENGINE);
    assertThat(scanner.malformed()).isZero();
  }

  @Test
  void an_engine_that_is_described_is_read_with_its_adapters_shape_and_attributes() {
    var own =
        new EngineSpec(
            "own",
            MetricSpec.parse("own_requests{state=waiting}"),
            MetricSpec.parse("own_requests{state=running,kind=\"text\"}"),
            MetricSpec.parse("own_cache_used"),
            MetricSpec.parse("own_adapters"),
            new EngineSpec.Cache(MetricSpec.parse("own_cache"), "tokens", "blocks", null, null),
            List.of(
                new EngineSpec.Custom("heat", MetricSpec.parse("own_heat{sensor=core}")),
                new EngineSpec.Custom("queue", MetricSpec.parse("own_requests{state=waiting}")),
                new EngineSpec.Custom("absent", MetricSpec.parse("own_absent"))));
    var settings =
        new EngineSettings(EngineSettings.LABEL, "own", EngineSettings.withBuiltIn(List.of(own)));
    var table = new EngineTable(settings);

    var sample =
        read(
            table.metrics("own"),
            """
            own_requests{kind="text",state="running"} 3
            own_requests{kind="image",state="running"} 30
            own_requests{kind="text",state="waiting"} 4
            own_requests{kind="image",state="waiting"} 5
            own_cache_used 0.75
            own_adapters{max_lora="2",running_lora_adapters="a",waiting_lora_adapters=""} 10
            own_adapters{max_lora="2",running_lora_adapters="b",waiting_lora_adapters="c"} 20
            own_cache{blocks="50",tokens="8"} 1
            own_heat{sensor="core"} -2.5
            own_heat{sensor="rim"} 99
            """);

    assertThat(sample.running()).isEqualTo(3);
    assertThat(sample.waiting()).isEqualTo(9);
    assertThat(sample.kvUsage()).isEqualTo(0.75);
    assertThat(sample.loraAdapters().running()).containsExactly("b");
    assertThat(sample.loraAdapters().waiting()).containsExactly("c");
    assertThat(sample.blockSize()).isEqualTo(8);
    assertThat(sample.numGpuBlocks()).isEqualTo(50);
    assertThat(settings.attributes()).containsExactly("heat", "queue", "absent");
    assertThat(sample.attributes).containsExactly(-2.5, 9, Double.NaN);
  }

  @Test
  void an_attribute_that_is_no_number_is_missing_and_counted() {
    var custom = List.of(new EngineSpec.Custom("heat", MetricSpec.of("heat")));
    var own = new EngineSpec("own", null, null, null, null, EngineSpec.Cache.NONE, custom);
    var table =
        new EngineTable(new EngineSettings("l", "own", EngineSettings.withBuiltIn(List.of(own))));
    var scanner = new MetricsPageScanner(1 << 20, table.metrics("own"));
    var sample = new EngineSample();
    feed(scanner, "heat NaN\nheat{a=\"1\"} 2\nheat{a=\"2\"} 3\nheat +Inf\n");

    assertThat(scanner.finish(sample)).isEqualTo(PageVerdict.COMPLETE);
    assertThat(sample.attributes).containsExactly(5);
    assertThat(scanner.malformed()).isEqualTo(2);

    scanner.begin();
    feed(scanner, "heat NaN\n");
    assertThat(scanner.finish(sample)).isEqualTo(PageVerdict.NO_ENGINE);
  }

  private static EngineSample read(String engine, String text) {
    assertThat(BUILT_IN.knows(engine)).isTrue();
    return read(BUILT_IN.metrics(engine), text);
  }

  private static EngineSample read(EngineMetrics metrics, String text) {
    byte[] page = text.getBytes(UTF_8);
    var whole = sample(metrics, page, 0);
    for (int cut = 1; cut < page.length; cut++) {
      assertThat(numbers(sample(metrics, page, cut)))
          .as("cut at %d", cut)
          .isEqualTo(numbers(whole));
    }
    return whole;
  }

  private static List<Object> numbers(EngineSample sample) {
    List<Object> numbers =
        new ArrayList<>(
            List.of(
                sample.running(),
                sample.waiting(),
                sample.kvUsage(),
                sample.blockSize(),
                sample.numGpuBlocks(),
                sample.promptTokens(),
                sample.generationTokens(),
                sample.loraAdapters()));
    for (double each : sample.attributes) {
      numbers.add(each);
    }
    return numbers;
  }

  private static EngineSample sample(EngineMetrics metrics, byte[] page, int cut) {
    var scanner = new MetricsPageScanner(1 << 20, metrics);
    var sample = new EngineSample();
    scanner.feed(page, 0, cut);
    scanner.feed(page, cut, page.length);
    assertThat(scanner.finish(sample)).isEqualTo(PageVerdict.COMPLETE);
    assertThat(scanner.malformed()).isZero();
    return sample;
  }

  private static void feed(MetricsPageScanner scanner, String text) {
    byte[] page = text.getBytes(UTF_8);
    scanner.feed(page, 0, page.length);
  }
}
