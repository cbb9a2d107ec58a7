package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.penstock.picker.schedule.ModelRule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the bodies of gateways that buffer them take here, each in one message. */
class BufferedBodyTest {

  private static final int MIB = 1 << 20;
  private static final String BODY = FullDuplexTest.BODY.replace("hello", "x".repeat(3 * MIB));

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    var settings = new ExtProcSettings(4 * MIB, 4 * MIB, 1, true, false);
    picker = new RunningPicker(settings, ModelRule.PREFERRED, "10.0.0.1:8000");
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @Test
  void a_changed_body_is_held_until_the_gateway_has_taken_it() throws Exception {
    var body = BODY.substring(0, BODY.length() - 1) + ",\"kv_transfer_params\":{\"a\":1}}";
    var slow =
        GatewayStream.slow(picker.channel)
            .modes(BodySendMode.BUFFERED, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT)
            .requestBody(body, true);
    await().until(() -> picker.picker().inFlight().total() > 0);
    picker.expire(); // behind what runs on the loops
    assertThat(picker.server.heldBodyBytes()).isGreaterThan(body.length());

    slow.read();
    assertThat(slow.next().hasRequestHeaders()).isTrue();
    var changed = slow.next().getRequestBody().getResponse().getBodyMutation().getBody();
    assertThat(changed.size()).isEqualTo(body.length());
    await().until(() -> picker.server.heldBodyBytes() == 0);
    slow.cancel();
  }

  @Test
  void a_long_message_counts_from_its_beginning() throws Exception {
    var port = picker.server.address().getPort();
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(beginningOfAMessage(3 * MIB));
      await().until(() -> picker.server.openStreams() > 0);
      await().until(() -> picker.server.heldBodyBytes() == 3 * MIB);

      var other =
          picker.stream()
              .modes(BodySendMode.BUFFERED, BodySendMode.NONE)
              .post(FullDuplexTest.CHAT)
              .requestBody(BODY, true);
      assertThat(other.next().hasRequestHeaders()).isTrue();
      assertThat(other.immediate().getStatus().getCodeValue()).isEqualTo(503);
    }
  }

  @Test
  void a_body_that_is_too_long_is_told_so_and_not_that_there_is_no_room() throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.BUFFERED, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT)
            .requestBody(BODY + " ".repeat(MIB + MIB / 2), true);
    assertThat(stream.next().hasRequestHeaders()).isTrue();
    assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(413);
  }

  /** A connection, a call on it, and the length of its first message. */
  private static byte[] beginningOfAMessage(int length) throws IOException {
    var headers = new ByteArrayOutputStream();
    headers.write(new byte[] {(byte) 0x83, (byte) 0x86, 4}); // POST, http, the path is
    text(headers, "/envoy.service.ext_proc.v3.ExternalProcessor/Process");
    headers.write(new byte[] {0x0f, 0x10}); // the content type is
    text(headers, "application/grpc");

    var sent = new ByteArrayOutputStream();
    sent.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
    frame(sent, 4, 0, 0, new byte[0]);
    frame(sent, 1, 4, 1, headers.toByteArray());
    frame(sent, 0, 0, 1, ByteBuffer.allocate(5).putInt(1, length).array());
    return sent.toByteArray();
  }

  private static void text(ByteArrayOutputStream out, String text) throws IOException {
    out.write(text.length());
    out.write(text.getBytes(US_ASCII));
  }

  private static void frame(
      ByteArrayOutputStream out, int type, int flags, int stream, byte[] payload)
      throws IOException {
    var head = ByteBuffer.allocate(9).putInt(payload.length << 8 | type).put((byte) flags);
    out.write(head.putInt(stream).array());
    out.write(payload);
  }
}
