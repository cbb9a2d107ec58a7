package io.penstock.picker.assembly;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.scrape.ScrapeConfig;
import io.penstock.picker.scrape.Scraping;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ScrapedSlotTest {

  private static final InferenceRequest PROMPT = TestPool.prompt(1, 40);

  private final MultiThreadIoEventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = loops.next();
  private final PoolPicker picker =
      PoolPicker.builder(PoolPickerConfig.of("test", Set.of(TestPool.MODEL), 1), 1)
          .scraping(
              new Scraping(
                  loops, NioSocketChannel::new, null, ScrapeConfig.every(Duration.ofMillis(10))))
          .build();

  @AfterEach
  void stop() {
    picker.close();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void aSlotStaysTakenUntilItsScraperHasStopped() throws InterruptedException {
    apply(new PoolDelta(List.of(pod("uid-1")), List.of()));
    var held = new CountDownLatch(1);
    loop.execute(
        () -> {
          try {
            held.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });

    apply(new PoolDelta(List.of(), List.of(new EndpointId("uid-1"))));
    tick();
    assertThat(slot(apply(new PoolDelta(List.of(pod("uid-2")), List.of())), "uid-2")).isEqualTo(1);

    held.countDown();
    Awaitility.await().until(() -> loop.submit(() -> true).get());
    tick();
    assertThat(slot(apply(new PoolDelta(List.of(pod("uid-3")), List.of())), "uid-3")).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vllm:generation_tokens_total 0",
        "vllm:generation_tokens_total 100\nvllm:engine_sleep_state{sleep_state=\"awake\"} 0"
      })
  void anEngineThatStartedAnewOrWasAsleepHoldsNoPrompt(String next) throws IOException {
    try (var pod = new Pod("vllm:generation_tokens_total 100")) {
      apply(new PoolDelta(List.of(pod.spec()), List.of()));
      Awaitility.await().until(() -> picker.signals().generationTokens(0) == 100);
      place();
      assertThat(cachedTokens()).isPositive();

      pod.says(next);
      Awaitility.await().until(() -> read(pod));
      pod.says("vllm:generation_tokens_total 200");

      Awaitility.await().untilAsserted(() -> assertThat(cachedTokens()).isZero());
      Awaitility.await()
          .until(
              () -> {
                place();
                return cachedTokens() > 0;
              });
    }
  }

  /** Whether the pod has been seen as it is now. */
  private boolean read(Pod pod) {
    return picker.signals().asleep(0) == pod.page.contains("sleep")
        && picker.signals().generationTokens(0) == (pod.page.contains("total 0") ? 0 : 100);
  }

  private void place() {
    picker
        .placements()
        .place(PROMPT, route(), route().endpoint(), 0, System.nanoTime())
        .completed(-1, -1, -1, System.nanoTime());
  }

  private int cachedTokens() {
    return route().cachedTokens();
  }

  private Decision.Route route() {
    return (Decision.Route) picker.pick(PROMPT, "request", 0, new Exclusions(), System.nanoTime());
  }

  private PoolSnapshot apply(PoolDelta delta) {
    picker.apply(delta);
    settle();
    return picker.snapshot();
  }

  private void tick() {
    picker.onControl(() -> picker.tick(System.nanoTime()));
    settle();
  }

  /** Everything handed to the control thread so far has run. */
  private void settle() {
    var done = new CountDownLatch(1);
    picker.onControl(done::countDown);
    Awaitility.await().until(() -> done.getCount() == 0);
  }

  private static int slot(PoolSnapshot snapshot, String uid) {
    return snapshot.endpoints().stream()
        .filter(endpoint -> endpoint.id().equals(new EndpointId(uid)))
        .findFirst()
        .orElseThrow()
        .slot();
  }

  private static EndpointSpec pod(String uid) {
    return new EndpointSpec(new EndpointId(uid), uid, "127.0.0.1", 1, Role.BOTH, Map.of(), false);
  }

  /** Serves the model m, with a page that tests change. */
  private static final class Pod implements AutoCloseable {
    private final HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    private volatile String page;

    Pod(String page) throws IOException {
      this.page = page;
      server.createContext("/metrics", exchange -> answer(exchange, metrics()));
      server.createContext(
          "/v1/models",
          exchange -> answer(exchange, "{\"object\":\"list\",\"data\":[{\"id\":\"m\"}]}"));
      server.start();
    }

    private String metrics() {
      return "vllm:num_requests_running 1\n" + page + '\n';
    }

    private static void answer(HttpExchange exchange, String body) throws IOException {
      byte[] bytes = body.getBytes(UTF_8);
      exchange.sendResponseHeaders(200, bytes.length);
      try (var out = exchange.getResponseBody()) {
        out.write(bytes);
      }
    }

    void says(String next) {
      page = next;
    }

    EndpointSpec spec() {
      return EndpointSpec.of("127.0.0.1", server.getAddress().getPort(), Role.BOTH);
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
