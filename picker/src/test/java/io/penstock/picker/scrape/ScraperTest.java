package io.penstock.picker.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.scrape.FakePod.Reply;
import io.penstock.picker.signals.EngineSettings;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ScraperTest {

  private final MultiThreadIoEventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final ExecutorService control = Executors.newSingleThreadExecutor();
  private final EngineSignals signals = new EngineSignals(Duration.ofSeconds(10));
  private final Pool pool = new Pool("test");
  private final List<Endpoint> stopped = new CopyOnWriteArrayList<>();
  private final FakePod first = pod(1, "tiny");
  private final FakePod second = pod(2, "other");
  private final Scraper scraper =
      new Scraper(
          new Scraping(
              loops, NioSocketChannel::new, null, ScrapeConfig.every(Duration.ofMillis(10))),
          signals,
          new InFlight(2),
          System::nanoTime,
          new SplittableRandom(1),
          control,
          new ScrapeListener() {
            @Override
            public void models(EndpointId id, List<ServedModel> models) {
              pool.models(id, models);
            }

            @Override
            public void emptied(Endpoint endpoint) {}

            @Override
            public void stopped(Endpoint endpoint) {
              stopped.add(endpoint);
            }
          });

  ScraperTest() {
    pool.listen(scraper);
  }

  @AfterEach
  void stop() throws InterruptedException {
    control.execute(scraper::close);
    first.close();
    second.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    control.shutdown();
    assertThat(control.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void fillsSignalsAndModelsOfEveryEndpoint() {
    apply(List.of(spec(first), spec(second)), List.of());

    Awaitility.await()
        .until(() -> pool.snapshot().serves("tiny") && pool.snapshot().serves("other"));
    Awaitility.await().until(() -> signals.updates(0) > 3 && signals.updates(1) > 3);
    assertThat(signals.running(0)).isEqualTo(1);
    assertThat(signals.running(1)).isEqualTo(2);
    assertThat(scraper.stats().pages()).isGreaterThan(6);
    assertThat(scraper.stats().bytes()).isPositive();
    assertThat(scraper.stats().nanos()).isPositive();
    assertThat(first.connections).hasSize(1);
  }

  @Test
  void aRemovedEndpointIsLeftAloneAndItsSlotForgotten() {
    apply(List.of(spec(first), spec(second)), List.of());
    Awaitility.await().until(() -> signals.updates(0) > 0 && signals.updates(1) > 0);

    apply(List.of(), List.of(spec(first).id()));

    Awaitility.await().until(() -> first.open() == 0 && stopped.size() == 1);
    assertThat(stopped.get(0).id()).isEqualTo(spec(first).id());
    assertThat(signals.updates(0)).isZero();
    assertThat(second.open()).isEqualTo(1);
  }

  @Test
  void anEndpointThatMovesIsFollowed() {
    var id = new EndpointId("pod-uid");
    apply(List.of(named(id, first)), List.of());
    Awaitility.await().until(() -> pool.snapshot().serves("tiny"));

    apply(List.of(named(id, second)), List.of());

    Awaitility.await().until(() -> pool.snapshot().serves("other") && first.open() == 0);
    Awaitility.await().until(() -> signals.running(0) == 2);
    assertThat(stopped).isEmpty();
  }

  @Test
  void anEndpointWhoseLabelNamesAnotherEngineIsReadAsThat() {
    first.replies =
        path ->
            path.equals("/metrics")
                ? Reply.ok("vllm:num_requests_running 3\nsglang:num_running_reqs 8\n")
                : answer(path, 0, "tiny");
    apply(List.of(spec(first)), List.of());
    Awaitility.await().until(() -> signals.running(0) == 3);

    apply(List.of(labelled(spec(first), "sglang")), List.of());
    Awaitility.await().until(() -> signals.running(0) == 8);

    apply(List.of(labelled(spec(first), "vllm")), List.of());
    Awaitility.await().until(() -> signals.running(0) == 3);
    assertThat(stopped).isEmpty();
  }

  @Test
  void aPodThatIsDownStaysInThePoolAndIsHeardWhenItIsBack() {
    first.replies = path -> new Reply("", true);
    apply(List.of(spec(first)), List.of());
    Awaitility.await().until(() -> signals.consecutiveFailures(0) > 2);
    assertThat(pool.snapshot().endpoints()).hasSize(1);
    assertThat(signals.fresh(0, System.nanoTime())).isFalse();

    first.replies = path -> answer(path, 7, "late");

    Awaitility.await().until(() -> pool.snapshot().serves("late") && signals.running(0) == 7);
    assertThat(signals.consecutiveFailures(0)).isZero();
  }

  @Test
  void closeStopsEverything() {
    apply(List.of(spec(first), spec(second)), List.of());
    Awaitility.await().until(() -> signals.updates(0) > 0 && signals.updates(1) > 0);

    control.execute(scraper::close);

    Awaitility.await().until(() -> stopped.size() == 2);
    Awaitility.await().until(() -> first.open() == 0 && second.open() == 0);
  }

  @Test
  void aChangeAfterTheCloseStartsNothing() {
    apply(List.of(spec(first)), List.of());
    Awaitility.await().until(() -> signals.updates(0) > 0);
    control.execute(scraper::close);
    Awaitility.await().until(() -> stopped.size() == 1);

    apply(List.of(spec(second)), List.of());

    Awaitility.await().until(() -> pool.snapshot().endpoints().size() == 2);
    control.execute(scraper::close);
    Awaitility.await().until(() -> first.open() == 0);
    assertThat(second.asked).isEmpty();
    assertThat(stopped).hasSize(1);
  }

  private void apply(List<EndpointSpec> upserts, List<EndpointId> removals) {
    control.execute(() -> pool.apply(new PoolDelta(upserts, removals)));
  }

  private FakePod pod(int running, String model) {
    return new FakePod(loops, path -> answer(path, running, model));
  }

  private static Reply answer(String path, int running, String model) {
    return Reply.ok(
        path.equals("/metrics")
            ? "vllm:num_requests_running{engine=\"0\"} " + running + ".0\n"
            : "{\"object\":\"list\",\"data\":[{\"id\":\"" + model + "\"}]}");
  }

  private static EndpointSpec spec(FakePod pod) {
    return EndpointSpec.of("127.0.0.1", pod.port(), Role.BOTH);
  }

  private static EndpointSpec named(EndpointId id, FakePod pod) {
    var spec = spec(pod);
    return new EndpointSpec(
        id, "pod", spec.host(), spec.port(), spec.role(), spec.labels(), spec.terminating());
  }

  private static EndpointSpec labelled(EndpointSpec spec, String engine) {
    return new EndpointSpec(
        spec.id(),
        spec.name(),
        spec.host(),
        spec.port(),
        spec.role(),
        Map.of(EngineSettings.LABEL, engine),
        spec.terminating());
  }
}
