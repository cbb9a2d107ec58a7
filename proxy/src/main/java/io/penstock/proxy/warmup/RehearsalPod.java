package io.penstock.proxy.warmup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * One connection to a pod that computes nothing: it answers as vLLM would, whole or as a stream of
 * {@value #EVENTS} events with one write each. Confined to its event loop.
 *
 * <p>It trusts who asks: a request is over after {@code content-length} bytes, and is for a stream
 * when it ends as {@link Rehearsal} writes those.
 */
final class RehearsalPod extends ChannelInboundHandlerAdapter {

  static final int EVENTS = 32;
  static final String STREAM_END = "\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

  private static final String USAGE =
      "\"usage\":{\"prompt_tokens\":256,\"total_tokens\":288,\"completion_tokens\":32,"
          + "\"prompt_tokens_details\":{\"cached_tokens\":128}}}";
  private static final ByteBuf CHAT =
      json(
          "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\""
              + Rehearsal.MODEL
              + "\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
              + "water ".repeat(32)
              + "\"},\"finish_reason\":\"stop\"}],"
              + USAGE);
  private static final ByteBuf MODELS =
      json("{\"object\":\"list\",\"data\":[{\"id\":\"" + Rehearsal.MODEL + "\"}]}");
  private static final ByteBuf METRICS =
      whole(
          "text/plain",
          """
          vllm:num_requests_running{model_name="m"} 2.0
          vllm:num_requests_waiting{model_name="m"} 0.0
          vllm:kv_cache_usage_perc{model_name="m"} 0.25
          """);
  private static final ByteBuf STREAM_HEAD =
      bytes(
          """
          HTTP/1.1 200 OK\r
          content-type: text/event-stream; charset=utf-8\r
          transfer-encoding: chunked\r
          \r
          """);
  private static final ByteBuf EVENT =
      chunk(
          "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
              + "\"model\":\""
              + Rehearsal.MODEL
              + "\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" water\"},"
              + "\"finish_reason\":null}]}\n\n");
  private static final ByteBuf STREAM_LAST =
      bytes(
          chunkText("data: {\"id\":\"chatcmpl-1\",\"choices\":[]," + USAGE + "\n\n")
              + chunkText("data: [DONE]\n\n")
              + "0\r\n\r\n");

  private final StringBuilder head = new StringBuilder();
  private long bodyLeft = -1;
  private boolean streams;

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var in = (ByteBuf) message;
    try {
      while (in.isReadable()) {
        if (bodyLeft < 0) {
          readHead(ctx, in);
        } else {
          readBody(ctx, in);
        }
      }
    } finally {
      in.release();
    }
  }

  private void readHead(ChannelHandlerContext ctx, ByteBuf in) {
    while (in.isReadable()) {
      head.append((char) in.readByte());
      int end = head.length() - 4;
      if (end >= 0 && head.charAt(end) == '\r' && head.indexOf("\r\n\r\n", end) == end) {
        begin(ctx, head.toString());
        head.setLength(0);
        return;
      }
    }
  }

  private void begin(ChannelHandlerContext ctx, String received) {
    if (!received.startsWith("POST ")) {
      answer(ctx, received.startsWith("GET /metrics") ? METRICS : MODELS);
      return;
    }
    String name = "content-length: ";
    int at = received.indexOf(name) + name.length();
    bodyLeft = Long.parseLong(received.substring(at, received.indexOf('\r', at)));
    streams = false;
  }

  private void readBody(ChannelHandlerContext ctx, ByteBuf in) {
    int taken = (int) Math.min(bodyLeft, in.readableBytes());
    bodyLeft -= taken;
    if (bodyLeft == 0 && taken >= STREAM_END.length()) {
      int from = in.readerIndex() + taken - STREAM_END.length();
      streams = STREAM_END.contentEquals(in.getCharSequence(from, STREAM_END.length(), US_ASCII));
    }
    in.skipBytes(taken);
    if (bodyLeft > 0) {
      return;
    }
    bodyLeft = -1;
    if (streams) {
      answer(ctx, STREAM_HEAD);
      next(ctx, EVENTS);
    } else {
      answer(ctx, CHAT);
    }
  }

  /** One event in a turn, so that each is a read of its own for who relays it. */
  private static void next(ChannelHandlerContext ctx, int left) {
    if (!ctx.channel().isActive()) {
      return;
    }
    answer(ctx, left > 0 ? EVENT : STREAM_LAST);
    if (left > 0) {
      ctx.executor().execute(() -> next(ctx, left - 1));
    }
  }

  private static void answer(ChannelHandlerContext ctx, ByteBuf bytes) {
    ctx.writeAndFlush(bytes.duplicate(), ctx.voidPromise());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  private static ByteBuf json(String body) {
    return whole("application/json", body);
  }

  private static ByteBuf whole(String type, String body) {
    return bytes(
        "HTTP/1.1 200 OK\r\ncontent-type: "
            + type
            + "\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body);
  }

  private static ByteBuf chunk(String payload) {
    return bytes(chunkText(payload));
  }

  private static String chunkText(String payload) {
    return Integer.toHexString(payload.length()) + "\r\n" + payload + "\r\n";
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(text.getBytes(US_ASCII)))
        .asReadOnly();
  }
}
