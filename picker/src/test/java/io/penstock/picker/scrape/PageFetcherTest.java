package io.penstock.picker.scrape;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.scrape.FakePod.Reply;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class PageFetcherTest {

  private static final MultiThreadIoEventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  private final EventLoop loop = LOOPS.next();
  private final ScrapeStats stats = new ScrapeStats();
  private final FakePod pod = new FakePod(LOOPS, path -> Reply.ok("page of " + path));
  private volatile boolean toldOffLoop;
  private PageFetcher fetcher = fetcher("127.0.0.1", pod.port());

  private record Page(String body, Optional<ScrapeFailure> failure) {}

  @AfterEach
  void closeFetcher() {
    loop.submit(fetcher::close).syncUninterruptibly();
    pod.close();
  }

  @AfterAll
  static void stopLoops() {
    LOOPS.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void keepsTheConnectionFromPageToPage() {
    for (int i = 0; i < 5; i++) {
      assertThat(fetch("/metrics")).isEqualTo(new Page("page of /metrics", Optional.empty()));
      assertThat(fetch("/v1/models")).isEqualTo(new Page("page of /v1/models", Optional.empty()));
    }

    assertThat(pod.connections).hasSize(1);
    assertThat(stats.connects()).isEqualTo(1);
  }

  @Test
  void readsChunkedPagesAndPagesThatEndWithTheConnection() {
    reply(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        false);
    assertThat(fetch("/metrics").body()).isEqualTo("abcde");

    reply("HTTP/1.0 200 OK\r\n\r\nall of it", true);
    assertThat(fetch("/metrics")).isEqualTo(new Page("all of it", Optional.empty()));
    assertThat(fetch("/metrics")).isEqualTo(new Page("all of it", Optional.empty()));
    assertThat(pod.connections).hasSize(2);
  }

  @Test
  void anInterimAnswerIsNotThePage() {
    reply("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", false);

    assertThat(fetch("/metrics")).isEqualTo(new Page("x", Optional.empty()));
    assertThat(fetch("/metrics")).isEqualTo(new Page("x", Optional.empty()));
  }

  @Test
  void aConnectionThatThePodClosedWhileIdleIsReplaced() {
    fetch("/metrics");
    pod.connections.get(0).close().syncUninterruptibly();

    assertThat(fetch("/metrics").failure()).isEmpty();
    assertThat(pod.connections).hasSize(2);
  }

  @Test
  void aConnectionThatBreaksBeforeTheAnswerIsReplacedOnceAndOnlyWhenItWasKept() {
    fetch("/metrics");
    var replies = pod.replies;
    pod.replies =
        path -> {
          pod.replies = replies;
          return new Reply("", true);
        };
    assertThat(fetch("/metrics").failure()).isEmpty();
    assertThat(pod.connections).hasSize(2);

    reply("", true);

    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.CLOSED);
    assertThat(pod.connections).as("one kept, one new").hasSize(3);
  }

  @Test
  void saysWhatWentWrong() {
    reply("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\nno", false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.STATUS);

    reply("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort", true);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.CLOSED);

    reply("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.PROTOCOL);

    reply("\u0001\u0002 garbage\r\n\r\n", false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.PROTOCOL);

    reply("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + "x".repeat(2000), false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.TOO_LARGE);

    Awaitility.await().until(() -> pod.open() == 0);
  }

  @Test
  void aPodThatStallsBeforeTheHeadOrWithinTheBodyIsGivenUp() {
    fetcher = fetcher("127.0.0.1", pod.port(), Duration.ofMillis(100));
    reply("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nstalls", false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.TIMEOUT);

    reply("", false);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.TIMEOUT);
    Awaitility.await().until(() -> pod.open() == 0);
  }

  @Test
  void aPortWithoutAListenerIsAConnectFailure() {
    pod.close();

    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.CONNECT);
    fetcher = fetcher("not-an-address", 1);
    assertThat(fetch("/metrics").failure()).contains(ScrapeFailure.CONNECT);
  }

  /** Such as a process that has no file descriptor left. */
  @Test
  void whereNoSocketCanBeMadeTheEventLoopHearsOfIt() {
    fetcher = fetcher(PageFetcherTest::noMoreFiles, "127.0.0.1", 1, Duration.ofSeconds(10));

    assertThat(fetch("/metrics")).isEqualTo(new Page("", Optional.of(ScrapeFailure.CONNECT)));
    assertThat(toldOffLoop).isFalse();
  }

  private static Channel noMoreFiles() {
    throw new ChannelException("Too many open files");
  }

  @Test
  void closeEndsARunningFetchSilently() {
    pod.replies = path -> new Reply("", false);
    var page = begin("/metrics");
    Awaitility.await().until(() -> pod.asked.size() == 1);

    loop.submit(fetcher::close).syncUninterruptibly();

    Awaitility.await().until(() -> pod.open() == 0);
    assertThat(page).isNotDone();
  }

  private void reply(String bytes, boolean close) {
    pod.replies = path -> new Reply(bytes, close);
  }

  private PageFetcher fetcher(String host, int port) {
    return fetcher(host, port, Duration.ofSeconds(10));
  }

  private PageFetcher fetcher(String host, int port, Duration timeout) {
    return fetcher(NioSocketChannel::new, host, port, timeout);
  }

  private PageFetcher fetcher(
      ChannelFactory<Channel> channels, String host, int port, Duration timeout) {
    var config =
        new ScrapeConfig(
            Duration.ofMillis(100),
            Duration.ofMillis(100),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            timeout,
            timeout,
            1 << 20,
            1 << 20);
    return new PageFetcher(
        LOOPS.next(), channels, null, host, port, host + ":" + port, config, stats);
  }

  private Page fetch(String path) {
    return begin(path).orTimeout(10, TimeUnit.SECONDS).join();
  }

  private CompletableFuture<Page> begin(String path) {
    var page = new CompletableFuture<Page>();
    loop.execute(
        () ->
            fetcher.fetch(
                path,
                1000,
                new PageSource.Sink() {
                  private final ByteArrayOutputStream body = new ByteArrayOutputStream();

                  @Override
                  public void piece(byte[] bytes, int from, int to) {
                    body.write(bytes, from, to - from);
                  }

                  @Override
                  public void done(ScrapeFailure failure) {
                    toldOffLoop |= !loop.inEventLoop();
                    page.complete(new Page(body.toString(US_ASCII), Optional.ofNullable(failure)));
                  }
                }));
    return page;
  }
}
