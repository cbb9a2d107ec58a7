package io.penstock.simulator.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.simulator.http.RawClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Readers that come before the prompt is computed, over the wire between pods. */
class KvSideTest {

  private static final int MOST = 1_000;

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop loop = group.next();
  private final KvSide side =
      new KvSide(KvConfig.of(KvConnector.MOONCAKE), loop, NioServerSocketChannel.class, "engine");

  @BeforeEach
  void listen() {
    side.listen(InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws Exception {
    loop.submit(side::close).get();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  @Test
  void readers_of_prompts_that_are_given_up_leave_room_for_others() throws IOException {
    for (int i = 0; i < MOST; i++) {
      try (var reader = waiting("prompt-" + i)) {
        reader.send(line("FREE prompt-" + i));
      }
    }

    await().until(this::mayWait);
  }

  @Test
  void readers_that_leave_while_they_wait_leave_room_for_others() throws IOException {
    for (int i = 0; i < MOST; i++) {
      waiting("prompt-" + i).close();
    }

    await().until(this::mayWait);
  }

  @Test
  void who_stays_is_told_when_the_prompt_is_there_whoever_leaves() throws Exception {
    try (var stays = waiting("prompt")) {
      waiting("prompt").close();
      loop.submit(() -> side.pin("prompt", 0, () -> {})).get();

      assertThat(stays.readUntil("\n")).isEqualTo("OK\n");
    }
  }

  /** A reader that has asked for a prompt; only its question for one of another engine is over. */
  private RawClient waiting(String id) throws IOException {
    var reader = reader();
    reader.send(line("READ engine " + id + " 0 true\nREAD other " + id + " 0 true"));
    assertThat(reader.readUntil("\n")).isEqualTo("NO\n");
    return reader;
  }

  /** Whether a further reader waits instead of being refused; it is sent away in either case. */
  private boolean mayWait() throws IOException {
    try (var reader = reader()) {
      reader.send(line("READ engine next 0 true\nGET /"));
      return new String(reader.readAll(), StandardCharsets.UTF_8).startsWith("HTTP/1.1 404");
    }
  }

  private RawClient reader() throws IOException {
    return new RawClient(new InetSocketAddress(side.host(), side.port()));
  }

  private static byte[] line(String text) {
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
