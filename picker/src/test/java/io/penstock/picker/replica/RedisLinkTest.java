package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ReflectiveChannelFactory;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RedisLinkTest {

  @Test
  void a_name_that_is_found_after_the_end_of_the_event_loop_is_of_no_use_to_anybody()
      throws Exception {
    var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    List<Runnable> lookups = new ArrayList<>();
    var link =
        new RedisLink(
            new ReplicaSettings(RedisAddress.parse("redis://127.0.0.1"), null, null, "test"),
            List.of("test:pool"),
            (EventLoop) group.next(),
            new ReflectiveChannelFactory<>(NioSocketChannel.class),
            lookups::add,
            new SplittableRandom(1),
            new RedisLink.Listener() {
              @Override
              public void up() {}

              @Override
              public void message(String channel, ByteBuf payload) {}

              @Override
              public void down() {}
            });
    link.open();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();

    assertThatCode(lookups.getFirst()::run).doesNotThrowAnyException();
  }
}
