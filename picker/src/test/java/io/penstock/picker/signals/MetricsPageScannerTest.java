package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MetricsPageScannerTest {

  private static final int LIMIT = 4 << 20;
  private static final String BUSY = "metrics_lora_busy.txt";
  private static final String AFTER_WORK = "metrics_after_work.txt";

  private final MetricsPageScanner scanner = new MetricsPageScanner(LIMIT);
  private final EngineSample sample = new EngineSample();

  @Nested
  final class RealPages {

    @Test
    void readsABusyPodWithAdapters() throws IOException {
      assertThat(scan(recording(BUSY))).isEqualTo(PageVerdict.COMPLETE);

      assertThat(sample.running()).isEqualTo(2);
      assertThat(sample.waiting()).isZero();
      assertThat(sample.kvUsage()).isCloseTo(0.0003662221137119559, within(1e-18));
      assertThat(sample.blockSize()).isEqualTo(32);
      assertThat(sample.numGpuBlocks()).isEqualTo(32_768);
      assertThat(sample.kvCapacityTokens()).isEqualTo(1_048_576);
      assertThat(sample.prefixCacheQueries()).isEqualTo(780);
      assertThat(sample.prefixCacheHits()).isEqualTo(256);
      assertThat(sample.promptTokens()).isEqualTo(780);
      assertThat(sample.generationTokens()).isEqualTo(111);
      assertThat(sample.preemptions()).isZero();
      assertThat(sample.asleep()).isFalse();
      assertThat(sample.loraAdapters().max()).isEqualTo(2);
      assertThat(sample.loraAdapters().running()).containsExactly("ad1");
      assertThat(sample.loraAdapters().waiting()).containsExactly("ad1");
      assertThat(scanner.malformed()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {BUSY, AFTER_WORK})
    void agreesWithTheNaiveReader(String name) throws IOException {
      var page = recording(name);

      scan(page);

      assertSame(sample, new NaivePage(page).sample(), name);
    }

    @ParameterizedTest
    @ValueSource(strings = {BUSY, AFTER_WORK})
    void aPageInTwoPiecesOfAnySplitReadsTheSame(String name) throws IOException {
      var page = recording(name);
      var whole = new NaivePage(page).sample();

      for (int split = 0; split <= page.length; split++) {
        scanner.begin();
        scanner.feed(page, 0, split);
        scanner.feed(page, split, page.length);
        var verdict = scanner.finish(sample);
        if (verdict != PageVerdict.COMPLETE || !same(sample, whole)) {
          throw new AssertionError(name + " split at " + split + ": " + verdict);
        }
      }
    }

    @Test
    void aPageInPiecesOfOneSizeReadsTheSame() throws IOException {
      var page = recording(BUSY);
      var whole = new NaivePage(page).sample();

      for (int size = 1; size < 300; size++) {
        assertThat(scan(page, size)).isEqualTo(PageVerdict.COMPLETE);
        assertSame(sample, whole, "pieces of " + size);
      }
    }

    @Test
    void anyCutIsSeenOrEndsALine() throws IOException {
      var page = recording(BUSY);

      scanner.begin();
      for (int cut = 0; cut < page.length; scanner.feed(page, cut, ++cut)) {
        boolean lineEnd = cut == 0 || page[cut - 1] == '\n';
        var verdict = scanner.finish(sample);
        if (lineEnd == (verdict == PageVerdict.TRUNCATED)) {
          throw new AssertionError("cut at " + cut + ": " + verdict);
        }
      }
    }
  }

  @Nested
  final class SeveralEngines {

    @Test
    void countsAreSummedAndUsageIsTheMean() {
      scan(
          """
          vllm:num_requests_running{engine="0",model_name="m"} 3.0
          vllm:num_requests_running{engine="1",model_name="m"} 4.0
          vllm:num_requests_waiting{engine="0",model_name="m"} 1.0
          vllm:num_requests_waiting{engine="1",model_name="m"} 10.0
          vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.2
          vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.6
          vllm:prefix_cache_hits_total{engine="0"} 5.0
          vllm:prefix_cache_hits_total{engine="1"} 6.0
          """);

      assertThat(sample.running()).isEqualTo(7);
      assertThat(sample.waiting()).isEqualTo(11);
      assertThat(sample.kvUsage()).isCloseTo(0.4, within(1e-12));
      assertThat(sample.prefixCacheHits()).isEqualTo(11);
    }

    /** vLLM sums the blocks and not the tokens, and gives all engines of a pod the same labels. */
    @Test
    void theCapacityIsWhatTheEnginesOfThePodHaveTogether() {
      scan(
          page(
              """
              vllm:cache_config_info{block_size="16",engine="0",kv_cache_size_tokens="1600",num_gpu_blocks="200"} 1.0
              vllm:cache_config_info{block_size="16",engine="1",kv_cache_size_tokens="1600",num_gpu_blocks="200"} 1.0
              """));
      assertThat(sample.kvCapacityTokens()).isEqualTo(3_200);

      scan(
          page(
              """
              vllm:cache_config_info{block_size="16",engine="0",kv_cache_size_tokens="None",num_gpu_blocks="200"} 1.0
              vllm:cache_config_info{block_size="16",engine="1",kv_cache_size_tokens="None",num_gpu_blocks="200"} 1.0
              """));
      assertThat(sample.kvCapacityTokens()).as("told in blocks alone").isEqualTo(3_200);
    }

    @Test
    void aBlockMayHoldMoreTokensThanItsSizeSays() {
      scan(
          page(
              """
              vllm:cache_config_info{block_size="16",effective_attention_block_size="128",kv_cache_size_tokens="12800",num_gpu_blocks="100"} 1.0
              """));

      assertThat(sample.kvCapacityTokens()).isEqualTo(12_800);
    }

    @Test
    void aPodSleepsWhenNoEngineIsAwake() {
      scan(page("vllm:engine_sleep_state{sleep_state=\"awake\"} 0\n"));
      assertThat(sample.asleep()).isTrue();

      scan(
          page(
              """
              vllm:engine_sleep_state{engine="0",sleep_state="awake"} 0.0
              vllm:engine_sleep_state{engine="1",sleep_state="awake"} 1.0
              vllm:engine_sleep_state{engine="0",sleep_state="discard_all"} 1.0
              """));
      assertThat(sample.asleep()).isFalse();
    }
  }

  @Nested
  final class Names {

    @Test
    void aLongerNameIsAnotherMetric() {
      scan(
          page(
              """
              vllm:num_requests_waiting{engine="0"} 2
              vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 50
              vllm:prompt_tokens_total 7
              vllm:prompt_tokens_total_of_another_kind 70
              xvllm:num_requests_waiting 9
              vllm:external_prefix_cache_hits_total 3
              """));

      assertThat(sample.waiting()).isEqualTo(2);
      assertThat(sample.promptTokens()).isEqualTo(7);
      assertThat(sample.prefixCacheHits()).isZero();
    }

    @Test
    void theOldUsageNameCountsOnlyWithoutTheNewOne() {
      scan(page("vllm:gpu_cache_usage_perc 0.5\n"));
      assertThat(sample.kvUsage()).isEqualTo(0.5);

      scan(page("vllm:gpu_cache_usage_perc 0.5\nvllm:kv_cache_usage_perc 0.25\n"));
      assertThat(sample.kvUsage()).isEqualTo(0.25);
    }

    @Test
    void labelsMayHoldBracesQuotesAndTimestampsMayFollow() {
      scan("vllm:num_requests_running{model_name=\"a}b\\\"{ 9\",} 4 1795346839123\r\n");

      assertThat(sample.running()).isEqualTo(4);
    }
  }

  @Nested
  final class Adapters {

    @Test
    void theNewestSeriesWinsWhereverItStands() {
      scan(
          page(
              """
              vllm:lora_requests_info{max_lora="2",running_lora_adapters="a,b",waiting_lora_adapters="c"} 1.7953468399165747e+09
              vllm:lora_requests_info{max_lora="4",running_lora_adapters="",waiting_lora_adapters=""} 1.7953468393022647e+09
              """));

      assertThat(sample.loraAdapters().max()).isEqualTo(2);
      assertThat(sample.loraAdapters().running()).containsExactly("a", "b");
      assertThat(sample.loraAdapters().waiting()).containsExactly("c");
    }

    @Test
    void theRecordIsMadeAnewOnlyWhenTheLabelsChange() {
      String line =
          "vllm:lora_requests_info{running_lora_adapters=\"%s\",waiting_lora_adapters=\"%s\"} 5\n";
      scan(page(line.formatted("ab", "")));
      var first = sample.loraAdapters();
      scan(page(line.formatted("ab", "")));
      assertThat(sample.loraAdapters()).isSameAs(first);

      scan(page(line.formatted("a", "b")));

      assertThat(sample.loraAdapters().running()).containsExactly("a");
      assertThat(sample.loraAdapters().waiting()).containsExactly("b");
      scan(page(""));
      assertThat(sample.loraAdapters()).isEqualTo(LoraAdapters.NONE);
    }
  }

  @Nested
  final class BadPages {

    @Test
    void aValueThatIsNoCountIsAsGoodAsMissing() {
      scan(
          page(
              """
              vllm:num_requests_waiting NaN
              vllm:num_requests_waiting +Inf
              vllm:num_requests_waiting -1
              vllm:num_requests_waiting 12x
              vllm:num_requests_waiting
              vllm:num_requests_waiting{engine="0" 3
              vllm:num_requests_waiting{engine=0} 3
              vllm:num_requests_waiting 6
              """));

      assertThat(sample.waiting()).isEqualTo(6);
      assertThat(scanner.malformed()).isEqualTo(7);
    }

    @Test
    void blocksThatTheEngineDoesNotKnowYetAreUnknown() {
      scan(page("vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"None\"} 1\n"));

      assertThat(sample.blockSize()).isEqualTo(16);
      assertThat(sample.numGpuBlocks()).isZero();
    }

    @Test
    void anotherProgramsPageLeavesTheSampleAlone() {
      scan(page(""));

      assertThat(scan("<html>\nhello\n</html>\n")).isEqualTo(PageVerdict.NO_ENGINE);
      assertThat(scan("")).isEqualTo(PageVerdict.NO_ENGINE);
      assertThat(sample.running()).isEqualTo(1);
    }

    @Test
    void aPageBeyondTheLimitIsTooLarge() {
      var small = new MetricsPageScanner(100);
      byte[] page = page("# a comment that makes the page longer than a hundred bytes, it does\n");
      small.begin();
      small.feed(page, 0, 90);
      small.feed(page, 90, page.length);

      assertThat(small.finish(sample)).isEqualTo(PageVerdict.TOO_LARGE);
      assertThat(sample.running()).isZero();
    }

    @Test
    void aWantedLineBeyondTheLimitIsSkippedInAnySplit() {
      byte[] page = page("vllm:num_requests_waiting{a=\"" + "x".repeat(70_000) + "\"} 5\n");

      for (int size : new int[] {page.length, 40_000, 1000, 7}) {
        assertThat(scan(page, size)).isEqualTo(PageVerdict.COMPLETE);
        assertThat(sample.waiting()).isZero();
        assertThat(scanner.malformed()).isEqualTo(1);
      }
    }

    @Test
    void noPageOfDamagedLinesEverThrowsAndEverySplitAgrees() throws IOException {
      byte[] page = Arrays.copyOfRange(recording(BUSY), 2_500, 12_000);
      for (long seed = 1; seed <= 300; seed++) {
        var random = new SplittableRandom(seed);
        byte[] damaged = page.clone();
        for (int i = random.nextInt(1, 400); i > 0; i--) {
          int at = random.nextInt(damaged.length);
          switch (random.nextInt(4)) {
            case 0 -> damaged[at] = (byte) random.nextInt(256);
            case 1 -> damaged[at] = (byte) "\n{}\"\\=, .e+-".charAt(random.nextInt(12));
            case 2 -> damaged[at] = (byte) ('0' + random.nextInt(10));
            default -> {
              int length = random.nextInt(Math.min(40, damaged.length - at));
              int from = random.nextInt(damaged.length - length);
              System.arraycopy(damaged.clone(), from, damaged, at, length);
            }
          }
        }
        var whole = new EngineSample();
        var verdict = scan(damaged, damaged.length, whole);
        int malformed = scanner.malformed();

        assertThat(scan(damaged, random.nextInt(1, 200))).as("seed %d", seed).isEqualTo(verdict);
        assertThat(scanner.malformed()).as("seed %d", seed).isEqualTo(malformed);
        if (verdict == PageVerdict.COMPLETE) {
          assertSame(sample, whole, "seed " + seed);
        }
      }
    }
  }

  @Test
  void madeUpPagesAgreeWithTheNaiveReader() {
    var names =
        new String[] {
          "num_requests_running",
          "num_requests_waiting",
          "num_requests_waiting_by_reason",
          "kv_cache_usage_perc",
          "gpu_cache_usage_perc",
          "prefix_cache_queries_total",
          "prefix_cache_hits_total",
          "prompt_tokens_total",
          "generation_tokens_total",
          "num_preemptions_total",
          "lora_requests_info",
          "cache_config_info",
          "engine_sleep_state"
        };
    var labels =
        new String[] {
          "engine=\"0\"",
          "engine=\"1\"",
          "block_size=\"16\"",
          "num_gpu_blocks=\"512\"",
          "num_gpu_blocks=\"None\"",
          "kv_cache_size_tokens=\"7000\"",
          "max_lora=\"3\"",
          "running_lora_adapters=\"x,y\"",
          "waiting_lora_adapters=\"z\"",
          "sleep_state=\"awake\"",
          "odd=\"a\\\"}{ \\\\\""
        };
    var values =
        new String[] {"0", "1.0", "0.5", "123456.0", "1.7953468393022647e+09", "NaN", "2e-3"};
    for (long seed = 1; seed <= 500; seed++) {
      var random = new SplittableRandom(seed);
      var text = new StringBuilder("vllm:num_requests_running 1.0\n");
      for (int i = random.nextInt(60); i > 0; i--) {
        text.append(random.nextInt(5) == 0 ? "# TYPE " : "vllm:");
        text.append(names[random.nextInt(names.length)]);
        var shuffled = labels.clone();
        int count = random.nextInt(4);
        for (int k = 0; k < count; k++) {
          int other = random.nextInt(k, shuffled.length);
          var kept = shuffled[k];
          shuffled[k] = shuffled[other];
          shuffled[other] = kept;
        }
        text.append("{").append(String.join(",", Arrays.copyOf(shuffled, count))).append("} ");
        text.append(values[random.nextInt(values.length)]).append('\n');
      }
      byte[] page = text.toString().getBytes(UTF_8);

      assertThat(scan(page, random.nextInt(1, 100))).isEqualTo(PageVerdict.COMPLETE);
      assertSame(sample, new NaivePage(page).sample(), "seed " + seed);
    }
  }

  private static void assertSame(EngineSample got, EngineSample wanted, String what) {
    if (same(got, wanted)) {
      return;
    }
    assertThat(got.running()).as(what).isEqualTo(wanted.running());
    assertThat(got.waiting()).as(what).isEqualTo(wanted.waiting());
    assertThat(got.kvUsage()).as(what).isCloseTo(wanted.kvUsage(), within(1e-15));
    assertThat(got.blockSize()).as(what).isEqualTo(wanted.blockSize());
    assertThat(got.numGpuBlocks()).as(what).isEqualTo(wanted.numGpuBlocks());
    assertThat(got.kvCapacityTokens()).as(what).isEqualTo(wanted.kvCapacityTokens());
    assertThat(got.prefixCacheQueries()).as(what).isEqualTo(wanted.prefixCacheQueries());
    assertThat(got.prefixCacheHits()).as(what).isEqualTo(wanted.prefixCacheHits());
    assertThat(got.promptTokens()).as(what).isEqualTo(wanted.promptTokens());
    assertThat(got.generationTokens()).as(what).isEqualTo(wanted.generationTokens());
    assertThat(got.preemptions()).as(what).isEqualTo(wanted.preemptions());
    assertThat(got.asleep()).as(what).isEqualTo(wanted.asleep());
    assertThat(got.loraAdapters()).as(what).isEqualTo(wanted.loraAdapters());
  }

  private static boolean same(EngineSample got, EngineSample wanted) {
    return got.running() == wanted.running()
        && got.waiting() == wanted.waiting()
        && Math.abs(got.kvUsage() - wanted.kvUsage()) < 1e-15
        && got.blockSize() == wanted.blockSize()
        && got.numGpuBlocks() == wanted.numGpuBlocks()
        && got.kvCapacityTokens() == wanted.kvCapacityTokens()
        && got.prefixCacheQueries() == wanted.prefixCacheQueries()
        && got.prefixCacheHits() == wanted.prefixCacheHits()
        && got.promptTokens() == wanted.promptTokens()
        && got.generationTokens() == wanted.generationTokens()
        && got.preemptions() == wanted.preemptions()
        && got.asleep() == wanted.asleep()
        && got.loraAdapters().equals(wanted.loraAdapters());
  }

  private static byte[] page(String more) {
    return ("vllm:num_requests_running{engine=\"0\"} 1.0\n" + more).getBytes(UTF_8);
  }

  private PageVerdict scan(String page) {
    return scan(page.getBytes(UTF_8));
  }

  private PageVerdict scan(byte[] page) {
    return scan(page, Math.max(1, page.length));
  }

  private PageVerdict scan(byte[] page, int piece) {
    return scan(page, piece, sample);
  }

  private PageVerdict scan(byte[] page, int piece, EngineSample into) {
    scanner.begin();
    for (int at = 0; at < page.length; at += piece) {
      scanner.feed(page, at, Math.min(page.length, at + piece));
    }
    return scanner.finish(into);
  }

  private static byte[] recording(String name) throws IOException {
    try (var in = MetricsPageScannerTest.class.getResourceAsStream("/recordings/vllm/" + name)) {
      return in.readAllBytes();
    }
  }
}
