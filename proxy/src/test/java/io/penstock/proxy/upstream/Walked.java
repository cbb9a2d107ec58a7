package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/** Feeds an answer's bytes, read by read, through head parser and framing, as a connection does. */
public final class Walked {

  private final BodyFraming framing = new BodyFraming();

  /** Begins the body of an answer with this head. */
  public static Walked answer(String head) throws Exception {
    var walked = new Walked();
    walked.framing.begin(
        ResponseHeadParser.parse(head.getBytes(StandardCharsets.ISO_8859_1), false));
    return walked;
  }

  /** One read; its ownership passes to the reader. */
  public void read(ByteBuf read, BiConsumer<ByteBuf, BodyFraming> reader) throws Exception {
    framing.walk(read);
    read.writerIndex(framing.messageEnd());
    reader.accept(read, framing);
  }

  /** Whether the message has ended. */
  public boolean ended() {
    return framing.ended();
  }
}
