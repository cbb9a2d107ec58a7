package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.scrape.ScrapeConfig;
import io.penstock.picker.scrape.Scraping;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ScrapedSlotTest {

  private final MultiThreadIoEventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = loops.next();
  private final PoolPicker picker =
      PoolPicker.builder(PoolPickerConfig.of("test", Set.of("tiny"), 1), 1)
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
}
