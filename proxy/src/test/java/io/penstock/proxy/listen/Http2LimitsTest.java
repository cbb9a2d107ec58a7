package io.penstock.proxy.listen;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import io.penstock.proxy.exchange.BodyBudget;
import io.penstock.proxy.exchange.ExchangeSettings;
import io.penstock.proxy.exchange.Gateway;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.exchange.PoolDirectory;
import io.penstock.proxy.metrics.AccessLog;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.ModelListing;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.trace.Tracing;
import io.penstock.proxy.upstream.UpstreamPool;
import io.prometheus.client.CollectorRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** How long clients' connections and streams of HTTP/2 may stay, in time that the test makes. */
class Http2LimitsTest {

  private static final long STALL_SECONDS = 60;
  private static final byte RST_STREAM = 3;
  private static final byte SETTINGS = 4;
  private static final byte GOAWAY = 7;

  private final GatewayMetrics metrics = new GatewayMetrics(new CollectorRegistry());
  private @Nullable LoopContext context;

  private LoopContext context(Channel channel) {
    var known = context;
    if (known == null) {
      known = newContext(channel);
      context = known;
    }
    return known;
  }

  private LoopContext newContext(Channel channel) {
    var loop = channel.eventLoop();
    long hour = TimeUnit.HOURS.toNanos(1);
    long stall = TimeUnit.SECONDS.toNanos(STALL_SECONDS);
    var timeouts =
        new ExchangeSettings.Timeouts(hour, hour, hour, hour, hour, hour, hour, stall, 0);
    var gateway =
        new Gateway(
            "test",
            new PoolDirectory(List.of()),
            new ModelListing(List.of()),
            new ResponseOwners(1, Duration.ofMinutes(1), Ticker.systemTicker()),
            ApiKeys.off(),
            metrics,
            new AccessLog(-1, () -> Instant.EPOCH),
            new BodyBudget(1 << 20),
            Tracing.OFF,
            new ExchangeSettings(timeouts, 1 << 20, 2, false, false));
    var upstream =
        new UpstreamPool(
            loop,
            NioSocketChannel.class,
            new AdaptiveRecvByteBufAllocator(),
            5_000,
            () -> loop.ticker().nanoTime());
    return new LoopContext(
        gateway, 0, loop, upstream, () -> loop.ticker().nanoTime(), new SplittableRandom(1));
  }

  private static void pass(EmbeddedChannel channel, long seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    // Limits are looked at once in a tick; what that makes to be done is due at once.
    channel.runScheduledPendingTasks();
    channel.runPendingTasks();
  }

  @Nested
  class AConnection {

    private final EmbeddedChannel connection =
        new EmbeddedChannel(
            new GatewayPipeline(
                Http2LimitsTest.this::context,
                () -> null,
                new ClientConnections(10, metrics),
                32 * 1024,
                1_000));

    @AfterEach
    void release() {
      connection.finishAndReleaseAll();
    }

    private void preface() {
      connection.writeInbound(
          Unpooled.copiedBuffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII));
    }

    private void frame(byte type, int flags, int stream, byte[] payload) {
      connection.writeInbound(
          Unpooled.buffer()
              .writeMedium(payload.length)
              .writeByte(type)
              .writeByte(flags)
              .writeInt(stream)
              .writeBytes(payload));
    }

    /** The head of a POST of which no body comes: end of headers, not of the stream. */
    private void request() {
      String path = "/v1/completions";
      var block = Unpooled.buffer().writeByte(0x83).writeByte(0x86).writeByte(0x04);
      block.writeByte(path.length()).writeCharSequence(path, StandardCharsets.US_ASCII);
      var bytes = new byte[block.readableBytes()];
      block.readBytes(bytes);
      frame((byte) 1, 4, 1, bytes);
    }

    /** The type of the last frame that was written, -1 if there was none. */
    private int lastFrame() {
      int last = -1;
      for (ByteBuf out = connection.readOutbound(); out != null; out = connection.readOutbound()) {
        while (out.isReadable()) {
          int length = out.readUnsignedMedium();
          last = out.readByte();
          out.skipBytes(5 + length);
        }
        out.release();
      }
      return last;
    }

    @Test
    void without_streams_stays_as_long_as_one_of_http_1() {
      preface();
      frame(SETTINGS, 0, 0, new byte[0]);

      pass(connection, 74);
      assertThat(connection.isOpen()).isTrue();
      lastFrame();
      pass(connection, 2);
      assertThat(lastFrame()).isEqualTo(GOAWAY);
      assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void on_which_nothing_comes_behind_the_preface_ends() {
      preface();

      pass(connection, 76);
      assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void stays_for_a_stream_and_so_long_after_it() {
      preface();
      frame(SETTINGS, 0, 0, new byte[0]);
      request();
      pass(connection, 600);
      assertThat(connection.isOpen()).isTrue();

      frame(RST_STREAM, 0, 1, new byte[4]);
      pass(connection, 74);
      assertThat(connection.isOpen()).isTrue();
      pass(connection, 2);
      assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void that_takes_nothing_any_more_ends_without_a_goaway() {
      preface();
      frame(SETTINGS, 0, 0, new byte[0]);
      connection
          .pipeline()
          .addFirst(
              new ChannelOutboundHandlerAdapter() {
                @Override
                public void write(ChannelHandlerContext ctx, Object out, ChannelPromise promise) {
                  ReferenceCountUtil.release(out);
                }
              });

      pass(connection, 76);
      assertThat(connection.isOpen()).isTrue();
      pass(connection, 10);
      assertThat(connection.isOpen()).isFalse();
    }
  }

  /** A stream whose answer is whole; its client takes some of it now and then. */
  @Nested
  class AnAnswerThatIsRead {

    private int takes;
    private final EmbeddedChannel channel =
        new EmbeddedChannel() {
          @Override
          protected void doWrite(ChannelOutboundBuffer out) {
            for (; takes > 0 && out.current() != null; takes--) {
              outboundMessages().add(ReferenceCountUtil.retain(out.current()));
              out.remove();
            }
          }
        };

    @AfterEach
    void release() {
      takes = Integer.MAX_VALUE;
      channel.finishAndReleaseAll();
    }

    private void take(int frames) {
      takes = frames;
      channel.flush();
      takes = 0;
    }

    private @Nullable Object lastTaken() {
      Object last = null;
      for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
        last = out;
        ReferenceCountUtil.release(out);
      }
      return last;
    }

    private void answer() {
      var stream = new Http2Stream(context(channel));
      channel.pipeline().addLast(stream);
      stream.begin(200, null, new String[0], -1);
      for (int i = 0; i < 3; i++) {
        stream.body(Unpooled.copiedBuffer("some of it", StandardCharsets.US_ASCII));
      }
      stream.end(false);
    }

    @Test
    void slowly_is_not_cut_off_until_nothing_more_is_read() {
      answer();
      for (int i = 0; i < 3; i++) {
        pass(channel, STALL_SECONDS - 1);
        take(1);
        pass(channel, 2);
      }
      assertThat(channel.isOpen()).isTrue();

      pass(channel, STALL_SECONDS + 1);
      take(Integer.MAX_VALUE);
      assertThat(lastTaken())
          .isInstanceOfSatisfying(
              Http2ResetFrame.class,
              reset -> assertThat(reset.errorCode()).isEqualTo(Http2Error.CANCEL.code()));
      assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void to_its_end_has_no_limit_any_more() {
      answer();
      take(Integer.MAX_VALUE);

      pass(channel, 3 * STALL_SECONDS);
      assertThat(channel.isOpen()).isTrue();
    }
  }
}
