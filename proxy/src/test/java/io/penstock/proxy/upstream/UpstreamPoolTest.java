package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.with;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.upstream.UpstreamFailure.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections to a pod over real sockets, byte by byte, with a clock of the test's own. */
class UpstreamPoolTest {

  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final SharedReadBuffer reads = new SharedReadBuffer();
  private MultiThreadIoEventLoopGroup loops;
  private EventLoop loop;
  private UpstreamPool pool;
  private RawPod pod;

  @BeforeEach
  void start() throws IOException {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    loop = (EventLoop) loops.next();
    pool = new UpstreamPool(loop, NioSocketChannel.class, reads, 1_000, clock::get);
    pod = new RawPod();
  }

  @AfterEach
  void everythingIsClosed() throws Exception {
    onLoop(
        () -> {
          pool.close();
          return null;
        });
    pod.close();
    until(() -> pool.openCount() == 0);
    loop.submit(reads::close).syncUninterruptibly();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return loop.submit(work).get(10, TimeUnit.SECONDS);
  }

  private static void until(Callable<Boolean> condition) {
    with()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(2))
        .await()
        .atMost(Duration.ofSeconds(10))
        .until(condition);
  }

  /** What one call came to. Written by the loop; read by the test once {@link #over}. */
  private static final class Answer implements ResponseHandler {
    final List<Integer> interim = new ArrayList<>();
    final StringBuilder body = new StringBuilder();
    @Nullable ResponseHead head;
    @Nullable UpstreamFailure failure;
    @Nullable UpstreamCall call;
    volatile int bodyLength;
    volatile boolean headSeen;
    volatile boolean over;

    @Override
    public void interim(ResponseHead interimHead) {
      interim.add(interimHead.status());
    }

    @Override
    public void head(ResponseHead finalHead) {
      assertThat(head).isNull();
      head = finalHead;
      headSeen = true;
    }

    @Override
    public void body(ByteBuf raw, BodyFraming framing) {
      for (int i = 0; i < framing.segments(); i++) {
        body.append(
            raw.toString(
                framing.segmentStart(i), framing.segmentLength(i), StandardCharsets.ISO_8859_1));
      }
      raw.release();
      bodyLength = body.length();
    }

    @Override
    public void readComplete() {}

    @Override
    public void complete() {
      assertThat(over).isFalse();
      over = true;
    }

    @Override
    public void failed(UpstreamFailure why) {
      assertThat(over).isFalse();
      failure = why;
      over = true;
    }

    Answer await() {
      until(() -> over);
      return this;
    }

    void assertComplete(String expected) {
      await();
      assertThat(failure).isNull();
      assertThat(body).hasToString(expected);
    }

    void assertFailed(Kind kind, boolean stale) {
      await();
      assertThat(failure).isNotNull();
      assertThat(failure.kind()).isEqualTo(kind);
      assertThat(failure.staleConnection()).isEqualTo(stale);
    }
  }

  private Answer send(Endpoint endpoint, String method, int bodyBytes) throws Exception {
    return send(endpoint, null, method, bodyBytes);
  }

  private Answer send(Endpoint endpoint, @Nullable PodTls tls, String method, int bodyBytes)
      throws Exception {
    var answer = new Answer();
    onLoop(
        () -> {
          ByteBuf head =
              ByteBufAllocator.DEFAULT
                  .directBuffer()
                  .writeBytes((method + " / HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
          ByteBuf body =
              bodyBytes == 0
                  ? Unpooled.EMPTY_BUFFER
                  : ByteBufAllocator.DEFAULT.directBuffer(bodyBytes).writeZero(bodyBytes);
          answer.call = pool.send(endpoint, tls, head, body, method.equals("HEAD"), answer);
          return null;
        });
    return answer;
  }

  private Answer send() throws Exception {
    return send(pod.endpoint(), "GET", 0);
  }

  /** A call answered so; its connection stays with the test. */
  private RawPod.Link answered(String bytes, String body) throws Exception {
    var answer = send();
    var link = pod.accept();
    link.readHead();
    link.write(bytes);
    answer.assertComplete(body);
    return link;
  }

  @Test
  void a_pod_that_does_not_speak_tls_is_sent_nothing_but_a_greeting() throws Exception {
    var tls = new PodTls(new PodTls.Settings(null, null, true), taken -> {});
    var answer = send(pod.endpoint(), tls, "GET", 0);
    try (var link = pod.accept()) {
      link.write(OK);
      answer.assertFailed(Kind.TLS_FAILED, false);
      assertThat(answer.failure.notProcessed()).isTrue();
      assertThat(pool.connectFailureCount()).isEqualTo(1);
    }
  }

  @Test
  void a_call_for_which_there_is_no_socket_fails_later_and_may_be_cancelled_before()
      throws Exception {
    pool = new UpstreamPool(loop, NoSocket.class, reads, 1_000, clock::get);
    send().assertFailed(Kind.NO_SOCKET, false);

    var cancelled =
        onLoop(
            () -> {
              var answer = new Answer();
              pool.send(
                      pod.endpoint(),
                      null,
                      Unpooled.EMPTY_BUFFER,
                      Unpooled.EMPTY_BUFFER,
                      false,
                      answer)
                  .cancel();
              return answer;
            });

    onLoop(() -> null);
    assertThat(cancelled.over).isFalse();
  }

  @Nested
  class Pooling {

    @Test
    void one_connection_serves_call_after_call() throws Exception {
      try (var link = answered(OK, "ok")) {
        for (int i = 0; i < 3; i++) {
          var next = send();
          link.readHead();
          link.write(OK);
          next.assertComplete("ok");
        }
        assertThat(pool.createdCount()).isEqualTo(1);
        assertThat(pool.reusedCount()).isEqualTo(3);
      }
    }

    @Test
    void calls_at_one_time_have_connections_of_their_own_and_the_last_used_goes_out_first()
        throws Exception {
      var first = send();
      var one = pod.accept();
      var second = send();
      var two = pod.accept();
      one.write(OK);
      first.assertComplete("ok");
      two.write(OK);
      second.assertComplete("ok");
      one.readHead();
      two.readHead();

      var third = send();
      two.readHead();
      two.write(OK);
      third.assertComplete("ok");
      assertThat(pool.openCount()).isEqualTo(2);
      one.close();
      two.close();
    }

    @Test
    void no_more_than_256_are_kept_idle() throws Exception {
      List<Answer> answers = new ArrayList<>();
      List<RawPod.Link> links = new ArrayList<>();
      for (int i = 0; i < 260; i++) {
        answers.add(send());
        links.add(pod.accept());
      }
      until(() -> pool.openCount() == 260);
      for (var link : links) {
        link.write(OK);
      }
      for (var answer : answers) {
        answer.assertComplete("ok");
      }
      until(() -> pool.openCount() == 256);
      for (var link : links) {
        link.close();
      }
      until(() -> pool.openCount() == 0);
    }

    @Test
    void idle_connections_close_before_the_pod_would() throws Exception {
      try (var link = answered(OK, "ok")) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(3_900));
        assertThat(pool.openCount()).isEqualTo(1);
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
        link.awaitEnd();
        until(() -> pool.openCount() == 0);
      }
    }

    @Test
    void a_connection_the_pod_has_closed_while_idle_is_not_used_again() throws Exception {
      answered(OK, "ok").close();
      until(() -> pool.openCount() == 0);
      answered(OK, "ok").close();
      assertThat(pool.reusedCount()).isZero();
    }

    @Test
    void a_connection_that_closes_under_a_request_says_so() throws Exception {
      var link = answered(OK, "ok");
      var answer = send();
      link.readHead();
      link.close();
      answer.assertFailed(Kind.RESET_BEFORE_HEAD, true);

      var fresh = send();
      var other = pod.accept();
      other.readHead();
      other.reset();
      fresh.assertFailed(Kind.RESET_BEFORE_HEAD, false);
    }

    /** Whoever had closed it before says so at once: a pod that has worked meanwhile is no such. */
    @Test
    void a_connection_that_closes_long_after_its_request_went_out_was_not_stale() throws Exception {
      var link = answered(OK, "ok");
      var answer = send();
      link.readHead();
      clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
      link.close();
      answer.assertFailed(Kind.RESET_BEFORE_HEAD, false);
    }

    @Test
    void a_connection_that_the_pod_may_be_closing_now_is_not_used_again() throws Exception {
      var link = answered(OK, "ok");
      clock.addAndGet(TimeUnit.SECONDS.toNanos(4));
      answered(OK, "ok").close();
      assertThat(pool.reusedCount()).isZero();
      link.awaitEnd();
    }

    @Test
    void bytes_on_an_idle_connection_end_it_and_reach_nobody() throws Exception {
      try (var link = answered(OK, "ok")) {
        link.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
        link.awaitEnd();
        until(() -> pool.openCount() == 0);
        answered(OK, "ok").close();
      }
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx",
          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
          "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"
        })
    void an_answer_after_which_nothing_is_sure_ends_its_connection(String bytes) throws Exception {
      try (var link = answered(bytes, "ok")) {
        link.awaitEnd();
        until(() -> pool.openCount() == 0);
      }
    }

    @Test
    void bytes_behind_an_answer_without_a_body_end_its_connection() throws Exception {
      try (var link = answered("HTTP/1.1 204 No Content\r\n\r\nsurplus", "")) {
        link.awaitEnd();
        until(() -> pool.openCount() == 0);
      }
    }

    @Test
    void an_answer_before_the_whole_request_was_sent_ends_its_connection() throws Exception {
      var answer = send(pod.endpoint(), "POST", 32 << 20);
      try (var link = pod.accept()) {
        link.readHead();
        link.write(OK);
        answer.assertComplete("ok");
        link.awaitEnd();
        until(() -> pool.openCount() == 0);
      }
    }

    @Test
    void an_endpoint_that_leaves_takes_its_idle_connections_and_busy_ones_finish()
        throws Exception {
      var endpoint = pod.endpoint();
      var busyAnswer = send();
      var busy = pod.accept();
      var idle = answered(OK, "ok");

      onLoop(
          () -> {
            pool.drop(endpoint.id());
            return null;
          });

      idle.awaitEnd();
      busy.readHead();
      busy.write(OK);
      busyAnswer.assertComplete("ok");
      busy.awaitEnd();
      until(() -> pool.openCount() == 0);
    }
  }

  @Nested
  class Answers {

    @Test
    void may_be_cut_anywhere() throws Exception {
      String bytes =
          String.join(
              "\r\n",
              List.of(
                  "HTTP/1.1 103 Early Hints",
                  "link: x",
                  "",
                  "HTTP/1.1 100 Continue",
                  "",
                  "HTTP/1.1 200 OK",
                  "transfer-encoding: chunked",
                  "",
                  "5",
                  "hello",
                  "6",
                  " world",
                  "0",
                  "x-trailer: 1",
                  "",
                  ""));
      var first = send();
      try (var link = pod.accept()) {
        var answer = first;
        for (int cut = 1; cut < bytes.length(); cut += 3) {
          link.readHead();
          link.write(bytes.substring(0, cut));
          link.write(bytes.substring(cut));
          answer.assertComplete("hello world");
          assertThat(answer.interim).as("cut at %d", cut).containsExactly(103);
          answer = send();
        }
        link.readHead();
        for (int i = 0; i < bytes.length(); i++) {
          link.write(bytes.substring(i, i + 1));
        }
        answer.assertComplete("hello world");
        assertThat(pool.createdCount()).isEqualTo(1);
      }
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        })
    void without_a_body_end_with_their_head(String bytes) throws Exception {
      try (var link = answered(bytes, "")) {
        var next = send();
        link.readHead();
        link.write(OK);
        next.assertComplete("ok");
        assertThat(pool.reusedCount()).isEqualTo(1);
      }
    }

    @Test
    void to_head_have_no_body_whatever_they_say() throws Exception {
      var answer = send(pod.endpoint(), "HEAD", 0);
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n");
        answer.assertComplete("");
        var next = send();
        link.readHead();
        link.write(OK);
        next.assertComplete("ok");
      }
    }

    @Test
    void without_a_length_end_with_the_connection() throws Exception {
      var answer = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\n\r\nhello");
        until(() -> answer.bodyLength == 5);
        assertThat(answer.over).isFalse();
        link.write(" world");
      }
      answer.assertComplete("hello world");
    }

    @Test
    void without_a_length_are_truncated_by_a_reset() throws Exception {
      var answer = send();
      var link = pod.accept();
      link.readHead();
      link.write("HTTP/1.1 200 OK\r\n\r\nhello");
      until(() -> answer.bodyLength == 5);
      link.reset();
      answer.assertFailed(Kind.TRUNCATED, false);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n"
        })
    void that_stop_inside_their_body_are_truncated(String bytes) throws Exception {
      var answer = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write(bytes);
        until(() -> answer.bodyLength > 0);
      }
      answer.assertFailed(Kind.TRUNCATED, false);
    }

    @Test
    void that_stop_at_their_head_say_where() throws Exception {
      var inHead = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\ncontent-le");
      }
      inHead.assertFailed(Kind.RESET_BEFORE_HEAD, false);

      var afterHead = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
        until(() -> afterHead.headSeen);
      }
      afterHead.assertFailed(Kind.RESET_BEFORE_BODY, false);
    }

    @Test
    void that_are_no_http_end_with_the_connection() throws Exception {
      for (var bytes :
          List.of(
              "\u0000\u0001garbage\r\n\r\n",
              "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
              "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(17) + OK,
              "HTTP/1.1 200 OK\r\nx: " + "y".repeat(40_000),
              "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")) {
        var answer = send();
        try (var link = pod.accept()) {
          link.readHead();
          link.write(bytes);
          answer.assertFailed(Kind.PROTOCOL_ERROR, false);
          link.awaitEnd();
        }
      }
    }
  }

  @Nested
  class Calls {

    @Test
    void to_nobody_are_refused() throws Exception {
      var endpoint = pod.endpoint();
      pod.close();
      send(endpoint, "POST", 1_000).assertFailed(Kind.CONNECT_REFUSED, false);
      assertThat(pool.connectFailureCount()).isEqualTo(1);
      assertThat(pool.createdCount()).isZero();
    }

    @Test
    void that_are_cancelled_end_at_the_pod_and_hear_nothing_more() throws Exception {
      var waiting = send();
      try (var link = pod.accept()) {
        link.readHead();
        cancel(waiting);
        link.awaitEnd();
      }
      var reading = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello");
        until(() -> reading.bodyLength == 5);
        cancel(reading);
        link.awaitEnd();
      }
      until(() -> pool.openCount() == 0);
      assertThat(waiting.over).isFalse();
      assertThat(reading.over).isFalse();
    }

    @Test
    void that_are_cancelled_while_connecting_send_nothing() throws Exception {
      var answer = new Answer();
      onLoop(
          () -> {
            ByteBuf head = ByteBufAllocator.DEFAULT.directBuffer().writeZero(10);
            ByteBuf body = ByteBufAllocator.DEFAULT.directBuffer().writeZero(10);
            var call = pool.send(pod.endpoint(), null, head, body, false, answer);
            call.cancel();
            call.cancel();
            assertThat(head.refCnt()).isZero();
            assertThat(body.refCnt()).isZero();
            return null;
          });
      answered(OK, "ok").close();
      assertThat(answer.over).isFalse();
      assertThat(pool.connectFailureCount()).isZero();
    }

    @Test
    void that_are_paused_leave_the_answer_with_the_pod() throws Exception {
      var answer = send();
      try (var link = pod.accept()) {
        link.readHead();
        link.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
        until(() -> answer.bodyLength == 5);
        onLoop(
            () -> {
              answer.call.pauseReading();
              return null;
            });
        link.write("world");
        // A turn of the loop behind the bytes' arrival would have read them.
        try (var other = new RawPod()) {
          var beside = send(other.endpoint(), "GET", 0);
          try (var otherLink = other.accept()) {
            otherLink.readHead();
            otherLink.write(OK);
            beside.assertComplete("ok");
          }
        }
        assertThat(answer.bodyLength).isEqualTo(5);
        onLoop(
            () -> {
              answer.call.resumeReading();
              return null;
            });
        answer.assertComplete("helloworld");
      }
    }

    private void cancel(Answer answer) throws Exception {
      onLoop(
          () -> {
            answer.call.cancel();
            return null;
          });
    }
  }
}
