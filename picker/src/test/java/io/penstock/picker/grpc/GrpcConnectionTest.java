package io.penstock.picker.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls over a connection in memory, frame by frame. */
class GrpcConnectionTest {

  private static final String PATH = "/test.Service/Method";
  private static final String ANSWER_HEADERS = " headers :status=200 content-type=application/grpc";
  private static final int WIDE = 1 << 20;

  /** What a call's listener heard. */
  private final List<String> heard = new ArrayList<>();

  private boolean room = true;
  private GrpcCall last;
  private ClientSide client;

  private final class Recorded implements GrpcMethod {
    @Override
    public String path() {
      return PATH;
    }

    @Override
    public long mostMessageBytes() {
      return 1_000_000;
    }

    @Override
    public GrpcCall.Listener begin(GrpcCall call, Http2Headers headers) {
      last = call;
      return new GrpcCall.Listener() {
        @Override
        public void message(byte[] bytes) {
          heard.add(bytes.length > 20 ? bytes.length + " bytes" : new String(bytes, US_ASCII));
        }

        @Override
        public boolean room(int bytes) {
          heard.add("room for " + bytes);
          return room;
        }

        @Override
        public void tooLong(long bytes) {
          heard.add("too long " + bytes);
        }

        @Override
        public void halfClosed() {
          heard.add("half closed");
        }

        @Override
        public void cancelled() {
          heard.add("cancelled");
        }
      };
    }
  }

  private ClientSide client(int window) {
    client = new ClientSide(window, new Recorded());
    return client;
  }

  @AfterEach
  void close() {
    client.close();
  }

  @Test
  void messages_arrive_whole_wherever_they_are_cut() {
    client(WIDE);
    byte[] bytes = ClientSide.framed(ascii("first"), ascii(""), ascii("third"));
    for (int cut = 0; cut <= bytes.length; cut++) {
      heard.clear();
      var call = client.call(PATH);
      client.send(call, Arrays.copyOf(bytes, cut), false);
      client.send(call, Arrays.copyOfRange(bytes, cut, bytes.length), true);
      assertThat(heard).as("cut at " + cut).containsExactly("first", "", "third", "half closed");
      last.close();
      client.pump();
    }
  }

  @Test
  void a_message_that_outgrows_its_first_array_arrives_whole() {
    client(WIDE);
    var call = client.call(PATH);
    client.send(call, ClientSide.framed(new byte[100_000]), true);
    assertThat(heard).containsExactly("100000 bytes", "half closed");
  }

  @Test
  void a_call_is_asked_for_room_before_a_long_message_is_gathered() {
    client(WIDE);
    var call = client.call(PATH);
    byte[] bytes = ClientSide.framed(new byte[600_000]);
    client.send(call, Arrays.copyOf(bytes, 5), false);
    assertThat(heard).containsExactly("room for 600000");
    client.send(call, Arrays.copyOfRange(bytes, 5, bytes.length), true);
    assertThat(heard).containsExactly("room for 600000", "600000 bytes", "half closed");
  }

  @Test
  void a_long_message_for_which_there_is_no_room_is_not_read() {
    room = false;
    client(WIDE);
    var call = client.call(PATH);
    client.send(call, Arrays.copyOf(ClientSide.framed(new byte[600_000]), 300_000), false);
    assertThat(heard).containsExactly("room for 600000");
    assertThat(client.received.getFirst()).contains("grpc-status=8", "600000");
    assertThat(client.received).last().isEqualTo("3 reset 0");
  }

  @Test
  void answers_go_out_in_order_and_the_call_ends_with_its_status() {
    client(WIDE);
    client.call(PATH);
    last.send(ascii("one"));
    last.send(ascii("t"), ascii("xwx"), 1, 1, ascii("o"));
    last.close(GrpcStatus.UNAVAILABLE, "gone: 100 %");
    last.send(ascii("never"));
    last.close();
    client.pump();
    assertThat(String.join("|", client.received))
        .startsWith("3" + ANSWER_HEADERS + "|")
        .contains(hex(ClientSide.framed(ascii("one"))))
        .contains(hex(ClientSide.framed(ascii("two"))))
        .endsWith("|3 headers grpc-status=14 grpc-message=gone%3A%20100%20%25 end|3 reset 0");
    assertThat(heard).isEmpty();
  }

  @Test
  void a_long_piece_goes_out_between_its_head_and_its_tail() {
    client(WIDE);
    var call = client.call(PATH);
    client.send(call, new byte[0], true);
    byte[] piece = new byte[20_000];
    Arrays.fill(piece, (byte) 'p');
    last.send(ascii("head"), piece, 5, 10_000, ascii("tail"));
    last.close();
    client.pump();
    var data = new StringBuilder();
    for (var frame : client.received) {
      if (frame.startsWith("3 data ")) {
        data.append(frame.substring("3 data ".length()));
      }
    }
    assertThat(data.toString())
        .isEqualTo(hex(ClientSide.framed(ascii("head" + "p".repeat(10_000) + "tail"))));
    assertThat(client.received).last().isEqualTo("3 headers grpc-status=0 end");
  }

  @Test
  void what_is_sent_in_one_turn_goes_out_in_one_buffer() {
    client(WIDE);
    client.call(PATH);
    last.send(ascii("head"), new byte[20_000], 0, 20_000, ascii("tail"));
    last.send(ascii("next"));
    last.close();
    client.server.runPendingTasks();
    assertThat(client.server.outboundMessages()).hasSize(1);
    client.pump();
    assertThat(client.received)
        .contains("3 headers grpc-status=0 end")
        .anyMatch(frame -> frame.endsWith(hex(ClientSide.framed(ascii("next")))));
  }

  @Test
  void of_a_long_answer_no_more_than_a_buffer_is_kept_back() throws Exception {
    client(WIDE);
    client.take(0, 400_000); // of all calls together
    client.call(PATH);
    last.send(new byte[0], new byte[300_000], 0, 300_000, new byte[0]);
    client.server.runPendingTasks();
    assertThat(client.server.outboundMessages().size()).isGreaterThan(3);
    assertThat(client.server.outboundMessages())
        .allMatch(out -> ((ByteBuf) out).readableBytes() <= TurnBuffer.MOST_BYTES + 16_393);
  }

  @Test
  void what_was_sent_is_written_once_it_went_out_or_never_will() {
    client(8);
    var call = client.call(PATH);
    List<String> written = new ArrayList<>();
    last.whenWritten(() -> written.add("nothing"));
    last.send(ascii("a"));
    last.whenWritten(() -> written.add("a"));
    assertThat(written).containsExactly("nothing");
    client.pump();
    assertThat(written).containsExactly("nothing", "a");

    last.send(ascii("longer than the window"));
    last.whenWritten(() -> written.add("first"));
    last.send(ascii("more"));
    last.whenWritten(() -> written.add("second"));
    client.pump();
    assertThat(written).containsExactly("nothing", "a");
    client.reset(call);
    assertThat(written).containsExactly("nothing", "a", "first", "second");
  }

  @Test
  void what_had_not_gone_out_when_the_connection_ends_is_let_go() {
    client(WIDE);
    client.call(PATH);
    last.send(ascii("too late"));
    List<String> written = new ArrayList<>();
    last.whenWritten(() -> written.add("too late"));
    client.breaks();
    assertThat(written).containsExactly("too late");
  }

  @Test
  void from_a_peer_that_takes_nothing_no_more_is_read_and_then_everything_in_order()
      throws Exception {
    client(8);
    var call = client.call(PATH);
    client.send(call, ClientSide.framed(ascii("first")), false);
    last.send(ascii("longer than the window"));
    client.pump();
    client.send(call, ClientSide.framed(ascii("second"), ascii("third")), false);
    client.send(call, ClientSide.framed(ascii("fourth")), true);
    assertThat(heard).containsExactly("first");

    client.take(call, 1_000);
    assertThat(heard).containsExactly("first", "second", "third", "fourth", "half closed");
    last.close();
    client.pump();
    assertThat(client.received).last().isEqualTo("3 headers grpc-status=0 end");
  }

  @Test
  void what_is_held_for_a_slow_peer_is_let_go_when_it_leaves() {
    client(8);
    var call = client.call(PATH);
    last.send(ascii("longer than the window"));
    client.pump();
    client.send(call, ClientSide.framed(ascii("never read")), false);
    client.reset(call);
    assertThat(heard).containsExactly("cancelled");
  }

  @Test
  void no_compressed_message_is_taken_for_a_plain_one() {
    client(WIDE);
    byte[] bytes = ClientSide.framed(ascii("zip"));
    bytes[0] = 1;
    client.send(client.call(PATH), bytes, false);
    assertThat(heard).containsExactly("cancelled");
    assertThat(client.received.getFirst()).contains("grpc-status=13");
  }

  @Test
  void a_call_that_ends_within_a_message_is_an_error() {
    client(WIDE);
    client.send(client.call(PATH), new byte[] {0, 0, 0, 0, 9, 'x'}, true);
    assertThat(heard).containsExactly("cancelled");
    assertThat(client.received).singleElement().asString().contains("grpc-status=13", "end");
  }

  @Test
  void of_a_message_that_is_too_long_only_the_length_is_read() {
    client(WIDE);
    var call = client.call(PATH);
    client.send(call, new byte[] {0, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff}, false);
    assertThat(heard).containsExactly("too long 4294967295");
    assertThat(client.received.getFirst()).contains("grpc-status=8", "4294967295");
    assertThat(client.received).last().isEqualTo("3 reset 0");
  }

  @Test
  void what_is_no_call_is_refused_and_the_connection_goes_on() {
    client(WIDE);
    client.call("/test.Service/Other");
    client.call(headers().method("GET"), true);
    client.call(headers().set("content-type", "application/json"), true);
    client.call(headers().set("grpc-encoding", "gzip"), true);
    assertThat(client.received)
        .containsExactly(
            "3"
                + ANSWER_HEADERS
                + " grpc-status=12 grpc-message=no%20method%20%2Ftest.Service%2FOther"
                + " grpc-accept-encoding=identity end",
            "3 reset 0",
            "5 headers :status=405 end",
            "7 headers :status=415 end",
            "9"
                + ANSWER_HEADERS
                + " grpc-status=12 grpc-message=no%20encoding%20gzip"
                + " grpc-accept-encoding=identity end");
    client.send(client.call(PATH), ClientSide.framed(ascii("still here")), true);
    assertThat(heard).containsExactly("still here", "half closed");
  }

  @Test
  void a_call_hears_once_that_its_connection_broke() {
    client(WIDE);
    client.call(PATH);
    client.breaks();
    assertThat(heard).containsExactly("cancelled");
    last.send(ascii("to nobody"));
    last.close();
    assertThat(heard).containsExactly("cancelled");
  }

  @Test
  void a_gateway_may_reset_as_many_calls_as_clients_leave() {
    client(WIDE);
    for (int i = 0; i < 1_000; i++) {
      client.reset(client.call(PATH));
    }
    assertThat(heard).hasSize(1_000).containsOnly("cancelled");
    client.send(client.call(PATH), ClientSide.framed(ascii("still here")), true);
    assertThat(heard).contains("still here");
  }

  @Test
  void a_server_that_leaves_lets_running_calls_end_and_reads_on_until_the_peer_closes() {
    client(WIDE);
    var call = client.call(PATH);
    connection().leave();
    client.pump();
    assertThat(client.received)
        .as("first all that may be on their way, then those that came")
        .containsExactly("goaway " + Integer.MAX_VALUE, "goaway 3");

    client.send(call, ClientSide.framed(ascii("still served")), false);
    last.send(ascii("answered"));
    last.close();
    client.send(call, ClientSide.framed(ascii("on its way")), false);
    assertThat(heard).containsExactly("still served");
    assertThat(client.received).endsWith("3 headers grpc-status=0 end", "3 reset 0").hasSize(2 + 4);
    client.ping();
    assertThat(client.received).last().isEqualTo("pong 7");
    assertThat(client.server.isOpen()).isTrue();
  }

  @Test
  void a_server_that_leaves_closes_what_the_peer_does_not() {
    client(WIDE);
    client.server.freezeTime();
    connection().leave();
    client.pump();
    client.server.advanceTimeBy(1_999, TimeUnit.MILLISECONDS);
    client.pump();
    assertThat(client.server.isOpen()).isTrue();
    client.server.advanceTimeBy(1, TimeUnit.MILLISECONDS);
    client.pump();
    assertThat(client.server.isOpen()).isFalse();
  }

  @Test
  void a_peer_that_vanished_without_a_word_ends_its_calls() {
    client(WIDE);
    client.call(PATH);
    client.server.freezeTime();
    for (int i = 0; i < 4; i++) {
      assertThat(heard).isEmpty();
      client.server.advanceTimeBy(20, TimeUnit.SECONDS);
      client.server.runPendingTasks();
    }
    assertThat(heard).containsExactly("cancelled");
    assertThat(client.server.isOpen()).isFalse();
  }

  @Test
  void a_peer_that_has_nothing_to_say_stays_as_long_as_it_answers_pings() {
    client(WIDE);
    var call = client.call(PATH);
    client.server.freezeTime();
    for (int seconds = 0; seconds < 3_600; seconds += 20) {
      client.server.advanceTimeBy(20, TimeUnit.SECONDS);
      client.pump();
    }
    client.send(call, ClientSide.framed(ascii("still here")), true);
    assertThat(heard).containsExactly("still here", "half closed");
  }

  private GrpcConnection connection() {
    return client.connection;
  }

  private static DefaultHttp2Headers headers() {
    var headers = new DefaultHttp2Headers();
    headers.method("POST").path(PATH).set("content-type", "application/grpc");
    return headers;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
