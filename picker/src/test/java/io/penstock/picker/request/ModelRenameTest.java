package io.penstock.picker.request;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every answer is fed whole, byte by byte, and cut once at every place. */
class ModelRenameTest {

  private static final String NAME = "chat \"1\"";
  private static final String LITERAL = "\"chat \\\"1\\\"\"";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"id":"x","model":"tiny-v2","choices":[]} | {"id":"x","model":@,"choices":[]}
          {"model":""} | {"model":@}
          {"model" : "a\\"b\\\\" , "x":1} | {"model" : @ , "x":1}
          {"choices":[{"message":{"content":"the \\"model\\":\\"tiny\\""}}],"model":"t"} | {"choices":[{"message":{"content":"the \\"model\\":\\"tiny\\""}}],"model":@}
          {"content":[{"type":"tool_use","input":{"model":"tiny"}}],"model":"t"} | {"content":[{"type":"tool_use","input":{"model":"tiny"}}],"model":@}
          {"message":{"model":"tiny"},"response":{"model":"tiny"}} | {"message":{"model":"tiny"},"response":{"model":"tiny"}}
          {"models":"tiny","mode":"tiny","Model":"tiny","mod\\u0065l":"tiny"} | {"models":"tiny","mode":"tiny","Model":"tiny","mod\\u0065l":"tiny"}
          {"a":"model","b":"c"} | {"a":"model","b":"c"}
          {"model":null,"x":{"model":"y"}} | {"model":null,"x":{"model":"y"}}
          {"a":[1,{"b":[]},"model"],"model":"ü€"} | {"a":[1,{"b":[]},"model"],"model":@}
          ["model",{"model":"tiny"}] | ["model",{"model":"tiny"}]
          "model" | "model"
          no JSON: {"model":"tiny"} | no JSON: {"model":"tiny"}
          """)
  void the_models_name_is_that_of_the_client_and_nothing_else_changes(
      String answer, String expected) {
    check(ApiKind.CHAT, false, answer, expected);
  }

  @Test
  void an_answer_may_be_written_over_several_lines() {
    check(
        ApiKind.CHAT,
        false,
        "{\n  \"object\": \"list\",\n\t\"model\":\r\n \"tiny\"\n}\n",
        "{\n  \"object\": \"list\",\n\t\"model\":\r\n @\n}\n");
  }

  @Test
  void each_event_has_the_name_once() {
    check(
        ApiKind.CHAT,
        true,
        """
        : comment {"model":"tiny"}
        event: model
        data: {"model":"tiny","choices":[{"delta":{"content":"data: {\\"model\\":\\"tiny\\"}"}}]}

        data:{"model":"tiny"}

        id: {"model":"tiny"}
        data: {"object":"x",
        data: "model":
        data: "tiny"}

        data: [DONE]

        """,
        """
        : comment {"model":"tiny"}
        event: model
        data: {"model":@,"choices":[{"delta":{"content":"data: {\\"model\\":\\"tiny\\"}"}}]}

        data:{"model":@}

        id: {"model":"tiny"}
        data: {"object":"x",
        data: "model":
        data: @}

        data: [DONE]

        """);
  }

  @Test
  void lines_may_end_with_carriage_returns() {
    check(
        ApiKind.COMPLETIONS,
        true,
        "data: {\"model\":\"tiny\"}\r\n\r\ndata: {\"model\":\"tiny\"}\r\n\r\n",
        "data: {\"model\":@}\r\n\r\ndata: {\"model\":@}\r\n\r\n");
  }

  @Test
  void what_is_no_JSON_is_over_with_its_event() {
    check(
        ApiKind.CHAT,
        true,
        "data: {\"model\":\"cut\n\ndata: {\"a\":\"cut\n\ndata: {\"model\":\"tiny\"}\n\n",
        "data: {\"model\":@\n\ndata: {\"a\":\"cut\n\ndata: {\"model\":@}\n\n");
  }

  @Test
  void events_of_the_responses_API_hold_it_in_their_response() {
    var event =
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":"
            + "{\"id\":\"r\",\"metadata\":{\"model\":\"tiny\"},\"model\":\"tiny\",\"output\":[]},"
            + "\"message\":{\"model\":\"tiny\"}}\n\n";
    check(
        ApiKind.RESPONSES,
        true,
        event,
        event.replace("},\"model\":\"tiny\",\"output\"", "},\"model\":@,\"output\""));
  }

  @Test
  void events_of_the_messages_API_hold_it_in_their_message() {
    var event =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\","
            + "\"model\":\"tiny\",\"content\":[]}}\n\n"
            + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":"
            + "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"model\\\":\\\"tiny\\\"}\"}}"
            + "\n\n";
    check(ApiKind.MESSAGES, true, event, event.replace("\"model\":\"tiny\"", "\"model\":@"));
  }

  private static void check(ApiKind api, boolean events, String answer, String expected) {
    byte[] bytes = answer.getBytes(UTF_8);
    var wanted = expected.replace("@", LITERAL);
    for (int cut = 0; cut <= bytes.length; cut++) {
      var rename = new ModelRename(JsonLiteral.of(NAME), api, events);
      var out = new ByteArrayOutputStream();
      rename.feed(bytes, 0, cut, out::write);
      rename.feed(bytes, cut, bytes.length - cut, out::write);
      assertThat(out.toString(UTF_8)).as("cut at %d", cut).isEqualTo(wanted);
    }
    var rename = new ModelRename(JsonLiteral.of(NAME), api, events);
    var out = new ByteArrayOutputStream();
    for (byte each : bytes) {
      rename.feed(new byte[] {each}, 0, 1, out::write);
    }
    assertThat(out.toString(UTF_8)).as("byte by byte").isEqualTo(wanted);
  }
}
