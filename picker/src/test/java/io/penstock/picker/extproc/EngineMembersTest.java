package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.grpc.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client says of transfers between engines reaches none, however it says it. */
class EngineMembersTest {

  private static final String HOST = "6.6.6.6";
  private static final String MEMBER = "\"kv_transfer_params\":{\"remote_host\":\"" + HOST + "\"}";
  private static final String BODY =
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],"
          + MEMBER
          + "}";
  private static final String UNNAMED = "{\"messages\":[]," + MEMBER + "}";

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "br", "x", "identity, identity"})
  void a_body_that_is_said_to_be_encoded_is_refused_where_engines_generate(String coding)
      throws Exception {
    for (var path : new String[] {FullDuplexTest.CHAT, "/generate", "/invocations"}) {
      var stream = picker.stream().post(path, "content-encoding", coding).requestBody(BODY, true);
      var refusal = stream.immediate();
      assertThat(refusal.getStatus().getCodeValue()).as(path).isEqualTo(415);
      assertThat(refusal.getBody().toStringUtf8()).contains("\"code\":\"unsupported_media_type\"");
      assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void nothing_goes_before_that_refusal(BodySendMode mode) throws Exception {
    var stream =
        picker.stream()
            .modes(mode, mode)
            .post(FullDuplexTest.CHAT, "content-encoding", "gzip")
            .requestBody(BODY, true);
    assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(415);
    assertThat(stream.pending()).isEmpty();
  }

  @Test
  void identity_is_no_coding_in_whatever_case() throws Exception {
    assertBlanked(picker.stream().post(FullDuplexTest.CHAT, "content-encoding", "Identity"), BODY);
  }

  @Test
  void elsewhere_a_body_is_read_for_what_it_is() throws Exception {
    assertBlanked(picker.stream().post("/x", "content-encoding", "gzip"), BODY);

    byte[] compressed = {31, -117, 8, 0};
    var stream =
        picker.stream().post("/x", "content-encoding", "gzip").requestBody(compressed, true);
    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(stream.requestBodyBack(4, true)).isEqualTo(compressed);
    stream.cancel();
  }

  @Test
  void a_type_of_grpcs_that_says_json_is_json() throws Exception {
    assertBlanked(
        picker.stream().postOf("application/grpc+json", "/generate"),
        "{\"text\":\"hi\",\"bootstrap_host\":\"" + HOST + "\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/invocations", "/route/invocations", "/v1/chat/completions/batch", "/tomorrow"})
  void a_body_that_names_no_model_loses_them_too(String path) throws Exception {
    assertBlanked(picker.stream().post(path), UNNAMED);
  }

  @ParameterizedTest
  @EnumSource(names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void so_does_one_that_the_gateway_keeps(BodySendMode mode) throws Exception {
    for (var path : new String[] {"/tomorrow", FullDuplexTest.CHAT}) {
      boolean whole = mode == BodySendMode.BUFFERED;
      if (whole && path.equals(FullDuplexTest.CHAT)) {
        continue;
      }
      var stream = picker.stream().modes(mode, BodySendMode.NONE).post(path);
      stream.next();
      stream.requestBody("{" + MEMBER + ",\"messages\":[" + (whole ? "]}" : ""), whole);
      var back = stream.next().getRequestBody().getResponse().getBodyMutation().getBody();
      assertThat(back.toStringUtf8()).as(path).startsWith("{ ").doesNotContain(HOST);
      stream.cancel();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/chat/completion%73",
        "/v1/chat%2fcompletions",
        "/v1/%63hat/completions?x=%2",
        "/inference/v1/generat%65"
      })
  void a_path_is_what_engines_make_of_it(String path) throws Exception {
    assertBlanked(picker.stream().post(path), BODY);
    var wrong = picker.stream().post(path).requestBody("{\"model\":\"tiny\",\"a\":NaN", true);
    assertThat(wrong.immediate().getStatus().getCodeValue()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/chat/completions%", "/v1/chat/completions%4", "/x%zzy", "/%c3%a4"})
  void escapes_that_are_none_stay(String path) throws Exception {
    var stream = picker.stream().post(path).requestBody("no JSON", true);
    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(new String(stream.requestBodyBack(7, true), UTF_8)).isEqualTo("no JSON");
    stream.cancel();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":NaN," + MEMBER + "}",
        "\ufeff{" + MEMBER + "}",
        "{\"model\":\"a\",\"model\":\"a\"," + MEMBER + "}",
        "{\"vllm_xargs\":{\"kv_transfer_params\":\"x\"}}"
      })
  void what_engines_read_and_this_does_not_is_refused_where_they_generate(String body)
      throws Exception {
    for (var path : new String[] {"/invocations", "/v1/chat/completions/batch"}) {
      var stream = picker.stream().post(path).requestBody(body, true);
      assertThat(stream.immediate().getStatus().getCodeValue()).as(path).isEqualTo(400);
    }
  }

  @Test
  void what_says_that_it_is_no_json_is_nothing_that_they_read() throws Exception {
    var stream = picker.stream().postOf("text/csv", "/invocations").requestBody("1,2", true);
    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(new String(stream.requestBodyBack(3, true), UTF_8)).isEqualTo("1,2");
    stream.cancel();
  }

  private static void assertBlanked(GatewayStream stream, String body) throws Exception {
    stream.requestBody(body, true);
    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(new String(stream.requestBodyBack(body.length(), true), UTF_8))
        .hasSize(body.length())
        .doesNotContain(HOST)
        .startsWith("{\"");
    stream.cancel();
  }
}
