package io.penstock.proxy.warmup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.atomic.LongAdder;

/**
 * One client connection that asks again as soon as it is answered: three requests for a whole
 * answer, then one for a stream. Confined to its event loop.
 *
 * <p>An answer is over when a read ends as the {@link RehearsalPod}'s answers end. Anything else
 * stops this client; the others go on.
 */
final class RehearsalClient extends ChannelInboundHandlerAdapter {

  private static final int TURNS_PER_STREAM = 4;
  private static final int[] PROMPT_CHARS = {600, 3_000, 14_000};
  private static final String WHOLE_END = "}}}";
  private static final String CHUNKED_END = "0\r\n\r\n";

  private final int number;
  private final LongAdder answered;
  private int turn;

  RehearsalClient(int number, LongAdder answered) {
    this.number = number;
    this.answered = answered;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ask(ctx);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var in = (ByteBuf) message;
    boolean over;
    try {
      over = endsWith(in, streams() ? CHUNKED_END : WHOLE_END);
    } finally {
      in.release();
    }
    if (over) {
      answered.increment();
      turn++;
      ask(ctx);
    }
  }

  private boolean streams() {
    return turn % TURNS_PER_STREAM == TURNS_PER_STREAM - 1;
  }

  private static boolean endsWith(ByteBuf in, String end) {
    int from = in.writerIndex() - end.length();
    return from >= in.readerIndex()
        && end.contentEquals(in.getCharSequence(from, end.length(), US_ASCII));
  }

  /** A conversation: what all clients share, what is this one's, and what is new each time. */
  private void ask(ChannelHandlerContext ctx) {
    int chars = PROMPT_CHARS[turn / TURNS_PER_STREAM % PROMPT_CHARS.length];
    String body =
        "{\"model\":\""
            + Rehearsal.MODEL
            + "\",\"messages\":[{\"role\":\"system\",\"content\":\""
            + "You open and close a gate. ".repeat(chars / 54)
            + "\"},{\"role\":\"user\",\"content\":\"client "
            + number
            + ", "
            + ("turn " + turn + " \\\"x\\\"\\n").repeat(chars / 36)
            + "\"}],\"max_tokens\":32,\"temperature\":0.5,"
            + (streams() ? RehearsalPod.STREAM_END : "\"stream\":false}");
    String request =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: warm-up\r\nuser-agent: warm-up\r\n"
            + "content-type: application/json\r\naccept: */*\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    ctx.writeAndFlush(Unpooled.wrappedBuffer(request.getBytes(US_ASCII)), ctx.voidPromise());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
