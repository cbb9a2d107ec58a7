package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RedisConnectionTest {

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final CompletableFuture<String> outcome = new CompletableFuture<>();
  private final FakeRedis redis;

  RedisConnectionTest() throws IOException {
    redis = new FakeRedis("");
  }

  @AfterEach
  void end() throws Exception {
    redis.close();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  /** How a connection that publishes does: "ready", or why it ended. */
  private String outcome(String user, String password) throws Exception {
    var at = redis.address(user);
    var login = new RedisLogin(new InetSocketAddress(at.host(), at.port()), user, password, null);
    var connection =
        new RedisConnection(
            login,
            List.of(),
            new RedisConnection.Listener() {
              @Override
              public void ready(RedisConnection connection) {
                outcome.complete("ready");
              }

              @Override
              public void message(String channel, ByteBuf payload) {}

              @Override
              public void closed(RedisConnection connection, String why) {
                outcome.complete(why);
              }
            });
    var loop = (EventLoop) group.next();
    loop.execute(
        () -> connection.open(loop, new ReflectiveChannelFactory<>(NioSocketChannel.class)));
    return outcome.get(10, TimeUnit.SECONDS);
  }

  @Test
  void who_is_refused_is_not_ready_whatever_else_redis_answers() throws Exception {
    redis.withoutAuth = true;
    assertThat(outcome("penstock", "S3CRET")).startsWith("Redis says: ERR unknown command");
  }

  @Test
  void a_password_that_redis_repeats_in_an_error_is_not_told() throws Exception {
    redis.withoutAuth = true;
    assertThat(outcome("penstock", "S3CRET")).isEqualTo("Redis says: ERR unknown command 'AUTH'");
  }

  @Test
  void a_user_without_a_password_logs_in_as_that_user() throws Exception {
    assertThat(outcome("penstock", null)).isEqualTo("ready");
    assertThat(redis.users).containsExactly("penstock");
  }

  @Test
  void without_a_user_and_a_password_nobody_logs_in() throws Exception {
    assertThat(outcome(null, null)).isEqualTo("ready");
    assertThat(redis.users).isEmpty();
  }
}
