package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.picker.request.ApiKind;
import io.penstock.proxy.upstream.Walked;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Answers whose model gets the name back that the client gave it, cut at every place. */
class AnswerRenamingTest {

  private static final ByteBufAllocator BUFFERS = UnpooledByteBufAllocator.DEFAULT;
  private static final String JSON =
      "{\"id\":\"x\",\"model\":\"a-model-of-ours\",\"choices\":[{\"text\":"
          + "\"\\\"model\\\":\\\"a-model-of-ours\\\"\"}],\"usage\":{\"prompt_tokens\":3,"
          + "\"prompt_tokens_details\":{\"cached_tokens\":16}}}";
  private static final String EVENTS =
      """
      data: {"model":"a-model-of-ours","choices":[]}

      data: {"model":"a-model-of-ours","n":2}

      data: [DONE]

      """;

  @Test
  void a_body_with_a_length_goes_on_with_another() throws Exception {
    for (int cut = 0; cut <= JSON.length(); cut++) {
      var run = new Plain("content-length: " + JSON.length(), -1);
      run.read(JSON.substring(0, cut));
      run.read(JSON.substring(cut));

      assertThat(run.client.payload()).as("cut at %d", cut).isEqualTo(renamed(JSON));
      assertThat(run.body.keepsLength()).isFalse();
      assertThat(run.body.bytes()).isEqualTo(renamed(JSON).length());
      assertThat(run.body.usage().promptTokens()).isEqualTo(3);
    }
  }

  @Test
  void chunks_of_the_pod_become_chunks_of_the_gateway() throws Exception {
    var chunked = "5\r\n{\"mod\r\n11\r\nel\":\"a-model-of-o\r\n7\r\nurs\",1}\r\n0\r\n\r\n";
    for (int cut = 0; cut <= chunked.length(); cut++) {
      var run = new Plain("transfer-encoding: chunked", -1);
      run.read(chunked.substring(0, cut));
      run.read(chunked.substring(cut));

      assertThat(run.client.payload()).as("cut at %d", cut).isEqualTo("{\"model\":\"chat\",1}");
      assertThat(run.body.endPassed()).isFalse();
    }
  }

  @Test
  void the_number_of_cached_tokens_is_set_too() throws Exception {
    for (int cut = 0; cut <= JSON.length(); cut++) {
      var run = new Plain("content-length: " + JSON.length(), 7);
      run.read(JSON.substring(0, cut));
      run.read(JSON.substring(cut));

      assertThat(run.client.payload())
          .as("cut at %d", cut)
          .isEqualTo(renamed(JSON).replace("\"cached_tokens\":16", "\"cached_tokens\":7 "));
    }
  }

  @Test
  void each_event_goes_on_whole_with_the_name() throws Exception {
    for (int cut = 0; cut <= EVENTS.length(); cut++) {
      var client = new WrittenAnswer(true);
      var body = new EventStreamBody(client, ApiKind.CHAT, true, -1, renaming(true), BUFFERS);
      var walked = Walked.answer("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
      for (var piece : new String[] {EVENTS.substring(0, cut), EVENTS.substring(cut)}) {
        if (!piece.isEmpty()) {
          walked.read(bytes(piece), body::read);
        }
        if (body.hasOutput()) {
          body.open();
        }
      }

      assertThat(client.payload())
          .as("cut at %d", cut)
          .isEqualTo(EVENTS.replace("a-model-of-ours", "chat"));
      assertThat(body.events()).isEqualTo(3);
      assertThat(body.whole()).isTrue();
      body.discard();
    }
  }

  private static final class Plain {
    final WrittenAnswer client = new WrittenAnswer(true);
    final PlainBody body;
    final Walked walked;

    Plain(String framing, int cachedTokens) throws Exception {
      body = new PlainBody(client, ApiKind.CHAT, false, cachedTokens, renaming(false));
      walked = Walked.answer("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n");
    }

    void read(String piece) throws Exception {
      if (!piece.isEmpty()) {
        walked.read(bytes(piece), body::read);
      }
    }
  }

  private static AnswerRenaming renaming(boolean events) {
    return new AnswerRenaming(BUFFERS, new byte[16], "chat", ApiKind.CHAT, events);
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  private static String renamed(String answer) {
    return answer.replace("\"model\":\"a-model-of-ours\"", "\"model\":\"chat\"");
  }
}
