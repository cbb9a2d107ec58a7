package io.penstock.picker.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EndpointScraperTest {

  private static final int SLOT = 4;
  private static final String MODELS = "{\"object\":\"list\",\"data\":[{\"id\":\"tiny\"}]}";

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final ScrapeConfig config = ScrapeConfig.defaults();
  private final EngineSignals signals = new EngineSignals(Duration.ofMillis(500));
  private final InFlight inFlight = new InFlight(1);
  private final ScrapeStats stats = new ScrapeStats();
  private final FakePages pages = new FakePages();
  private final List<List<ServedModel>> told = new ArrayList<>();
  private int emptied;
  private long nowNanos;

  private final EndpointScraper scraper =
      new EndpointScraper(
          new Endpoint(SLOT, EndpointSpec.of("127.0.0.1", 8000, Role.BOTH), List.of()),
          channel.eventLoop(),
          pages,
          new EndpointScraper.Shared(config, signals, inFlight, () -> nowNanos, stats),
          new SplittableRandom(1),
          told::add,
          () -> emptied++);

  EndpointScraperTest() {
    channel.freezeTime();
  }

  @AfterEach
  void closeChannel() {
    channel.finishAndReleaseAll();
  }

  @Test
  void readsThePageAndTheModelsAtOnce() {
    pages.running = 3;
    scraper.start(0);
    pass(1);

    assertThat(pages.asked).containsExactly("/metrics", "/v1/models");
    assertThat(signals.running(SLOT)).isEqualTo(3);
    assertThat(signals.fresh(SLOT, nowNanos)).isTrue();
    assertThat(told).containsExactly(List.of(new ServedModel("tiny", "{\"id\":\"tiny\"}")));
    assertThat(stats.pages()).isEqualTo(1);
    assertThat(stats.modelLists()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    EngineSettings.LABEL + ", sglang, 5",
    EngineSettings.OLDER_LABEL + ", sglang, 5",
    EngineSettings.LABEL + ", unheard-of, 9",
  })
  void aPodIsReadAsTheKnownEngineThatItsLabelNames(String label, String engine, int running) {
    pages.page = "sglang:num_running_reqs 5.0\nvllm:num_requests_running 9.0\n";
    labelled(label, engine).start(0);
    pass(1);
    assertThat(signals.running(SLOT)).isEqualTo(running);
  }

  @Test
  void aChangeOfTheEnginesHoldsFromTheNextPageOn() {
    pages.page = "sglang:num_running_reqs 5.0\nvllm:num_requests_running 9.0\n";
    scraper.start(0);
    pass(1);
    assertThat(signals.running(SLOT)).isEqualTo(9);

    signals.engines(
        new EngineSettings(EngineSettings.LABEL, "sglang", EngineSettings.DEFAULT.engines()));
    pass(1_100);

    assertThat(signals.running(SLOT)).isEqualTo(5);
  }

  private EndpointScraper labelled(String label, String engine) {
    var spec =
        new EndpointSpec(
            new EndpointId("pod"),
            "pod",
            "127.0.0.1",
            8000,
            Role.BOTH,
            Map.of(label, engine),
            false);
    return new EndpointScraper(
        new Endpoint(SLOT, spec, List.of()),
        channel.eventLoop(),
        pages,
        new EndpointScraper.Shared(config, signals, inFlight, () -> nowNanos, stats),
        new SplittableRandom(1),
        told::add,
        () -> emptied++);
  }

  @Test
  void aBusyPodIsReadEveryIntervalAndAnIdleOneEverySecond() {
    scraper.start(0);
    inFlight.add(0, SLOT, 10, 10);
    pass(10_000);
    assertThat(pages.count("/metrics")).isBetween(48, 64);

    inFlight.removePrefilling(0, SLOT, 10, 10);
    pass(5_000);
    pages.asked.clear();
    pass(10_000);

    assertThat(pages.count("/metrics")).isBetween(10, 13);
    assertThat(signals.fresh(SLOT, nowNanos)).isTrue();
  }

  @Test
  void aPageThatChangesKeepsThePaceThoughNothingWasSentFromHere() {
    scraper.start(0);
    pages.growing = true;
    pass(10_000);

    assertThat(pages.count("/metrics")).isBetween(48, 64);
  }

  @Test
  void anIdlePodIsReadWithinAnIntervalOnceARequestGoesThere() {
    scraper.start(0);
    pass(10_000);
    while (pages.count("/metrics") > 0) {
      pages.asked.clear();
      pass(1);
    }
    int before = pages.count("/metrics");

    inFlight.add(0, SLOT, 10, 10);
    pass(200);

    assertThat(pages.count("/metrics")).isEqualTo(before + 1);
  }

  @Test
  void theModelsAreReadEveryTenSecondsAndToldOnceWhileTheyStayTheSame() {
    scraper.start(0);
    pass(35_000);

    assertThat(pages.count("/v1/models")).isEqualTo(4);
    assertThat(told).hasSize(1);

    pages.models = "{\"data\":[{\"id\":\"tiny\"},{\"id\":\"ad1\"}]}";
    pass(10_000);

    assertThat(told).hasSize(2);
    assertThat(told.get(1)).extracting(ServedModel::id).containsExactly("tiny", "ad1");
  }

  @Test
  void aPodThatFailsIsAskedLessAndLessAndItsSignalsGoStale() {
    pages.running = 3;
    scraper.start(0);
    pass(100);
    pages.failure = ScrapeFailure.CONNECT;
    pages.asked.clear();
    pass(60_000);

    assertThat(pages.asked.size()).as("both pages together, in a minute").isBetween(14, 60);
    assertThat(signals.fresh(SLOT, nowNanos)).isFalse();
    assertThat(signals.consecutiveFailures(SLOT)).isGreaterThan(10);
    assertThat(stats.failures(ScrapeFailure.CONNECT)).isEqualTo(pages.asked.size());
  }

  @Test
  void aPodThatRecoversIsAskedForItsModelsAtOnce() {
    scraper.start(0);
    pass(100);
    pages.failure = ScrapeFailure.CLOSED;
    pass(1_000);
    pages.failure = null;
    pages.models = "{\"data\":[{\"id\":\"other\"}]}";
    pages.asked.clear();
    while (pages.count("/metrics") == 0) {
      pass(1);
    }

    assertThat(pages.asked).endsWith("/v1/models");
    assertThat(told.get(told.size() - 1).get(0).id()).isEqualTo("other");
    assertThat(signals.fresh(SLOT, nowNanos)).isTrue();
  }

  @Test
  void anEngineThatStartedAnewIsAskedForItsModelsAtOnce() {
    pages.generated = 1000;
    scraper.start(0);
    pass(2_000);
    pages.generated = 5;
    pages.asked.clear();
    pass(1_000);

    assertThat(pages.count("/v1/models")).isEqualTo(1);
  }

  @Test
  void anEngineThatStartedAnewIsToldOfAsEmptyOnce() {
    pages.generated = 1000;
    scraper.start(0);
    pass(2_000);
    assertThat(emptied).isZero();

    pages.generated = 5;
    pass(5_000);
    assertThat(emptied).isEqualTo(1);
  }

  @Test
  void anEngineThatWasAsleepIsToldOfAsEmptyWhenItIsAwakeAgain() {
    String page =
        "vllm:num_requests_running 0\nvllm:engine_sleep_state{sleep_state=\"awake\"} %d\n";
    pages.page = page.formatted(1);
    scraper.start(0);
    pass(2_000);
    pages.page = page.formatted(0);
    pass(2_000);
    assertThat(emptied).isZero();

    pages.page = page.formatted(1);
    pass(5_000);
    assertThat(emptied).isEqualTo(1);
  }

  @Test
  void anotherReadingOfThePageIsNoNewEngine() {
    pages.page =
        """
        sglang:num_running_reqs 5.0
        vllm:num_requests_running 9.0
        vllm:generation_tokens_total 7
        vllm:engine_sleep_state{sleep_state="awake"} 0
        """;
    scraper.start(0);
    pass(1);
    signals.engines(
        new EngineSettings(EngineSettings.LABEL, "sglang", EngineSettings.DEFAULT.engines()));
    pass(2_000);

    assertThat(signals.running(SLOT)).isEqualTo(5);
    assertThat(emptied).isZero();
  }

  @Test
  void aPodWithoutEngineMetricsStillTellsItsModels() {
    pages.page = "<html></html>\n";
    scraper.start(0);
    pass(1);

    assertThat(told).hasSize(1);
    assertThat(signals.updates(SLOT)).isZero();
    assertThat(stats.failures(ScrapeFailure.CONTENT)).isEqualTo(1);
  }

  @Test
  void aBadListOfModelsKeepsTheOldOneAndIsAskedForAgain() {
    scraper.start(0);
    pass(1);
    pages.models = "garbage";
    pass(11_000);

    assertThat(told).hasSize(1);
    assertThat(stats.failures(ScrapeFailure.CONTENT)).isGreaterThan(1);
  }

  @Test
  void fetchesNeverPileUpOnASlowPod() {
    pages.held = true;
    scraper.start(0);
    pass(30_000);

    assertThat(pages.asked).hasSize(1);
  }

  @Test
  void afterStopNothingIsFetchedAndTheSlotIsForgotten() {
    pages.running = 3;
    scraper.start(0);
    pass(100);
    scraper.stop();
    pages.asked.clear();
    pass(60_000);

    assertThat(pages.asked).isEmpty();
    assertThat(pages.closed).isTrue();
    assertThat(signals.updates(SLOT)).isZero();
    assertThat(signals.running(SLOT)).isZero();
  }

  private void pass(int milliseconds) {
    for (int i = 0; i < milliseconds; i++) {
      nowNanos += 1_000_000;
      channel.advanceTimeBy(1, TimeUnit.MILLISECONDS);
      channel.runScheduledPendingTasks();
    }
  }

  /** Answers at once, or never. */
  private static final class FakePages implements PageSource {
    final List<String> asked = new ArrayList<>();
    String models = MODELS;
    String page = "";
    int running;
    long generated;
    boolean growing;
    boolean held;
    boolean closed;
    ScrapeFailure failure;

    @Override
    public void fetch(String path, int maxBytes, Sink sink) {
      asked.add(path);
      if (held) {
        return;
      }
      if (failure == null) {
        generated += growing ? 1 : 0;
        byte[] body = (path.equals("/metrics") ? metrics() : models).getBytes(UTF_8);
        sink.piece(body, 0, body.length / 2);
        sink.piece(body, body.length / 2, body.length);
      }
      sink.done(failure);
    }

    @Override
    public void close() {
      closed = true;
    }

    int count(String path) {
      return (int) asked.stream().filter(path::equals).count();
    }

    private String metrics() {
      return page.isEmpty()
          ? "vllm:num_requests_running %d\nvllm:generation_tokens_total %d.0\n"
              .formatted(running, generated)
          : page;
    }
  }
}
