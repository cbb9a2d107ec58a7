package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventCounterTest {

  private static final String STREAM =
      """
      : keep-alive

      data: {"choices":[{"delta":{"content":"ä \\n data: [DONE]"}}]}

      data: x
      data: y

      event: z
      data:{}

      data: [DONE]

      """;

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n"})
  void events_are_counted_at_every_split(String newline) {
    byte[] stream = STREAM.replace("\n", newline).getBytes(UTF_8);
    var counter = new EventCounter();
    for (int split = 0; split <= stream.length; split++) {
      counter.reset();
      int events = counter.read(Unpooled.wrappedBuffer(stream), 0, split);
      assertThat(counter.done()).isEqualTo(split >= stream.length - newline.length());
      events += counter.read(Unpooled.wrappedBuffer(stream), split, stream.length - split);

      assertThat(events).as("split at %d", split).isEqualTo(3);
      assertThat(counter.done()).isTrue();
      assertThat(counter.error()).isFalse();
    }
  }

  @Test
  void bytes_one_by_one_are_the_same() {
    byte[] stream = STREAM.getBytes(UTF_8);
    var counter = new EventCounter();
    int events = 0;
    for (int i = 0; i < stream.length; i++) {
      events += counter.read(Unpooled.wrappedBuffer(stream), i, 1);
    }
    assertThat(events).isEqualTo(3);
  }

  @Test
  void an_error_event_is_seen_at_every_split_and_forgotten_for_the_next_stream() {
    byte[] stream = "data: {\"error\":{\"message\":\"gone\"}}\n\n".getBytes(UTF_8);
    var counter = new EventCounter();
    for (int split = 0; split <= stream.length; split++) {
      counter.reset();
      assertThat(counter.error()).isFalse();
      counter.read(Unpooled.wrappedBuffer(stream), 0, split);
      counter.read(Unpooled.wrappedBuffer(stream), split, stream.length - split);
      assertThat(counter.error()).isTrue();
      assertThat(counter.done()).isFalse();
    }
  }
}
