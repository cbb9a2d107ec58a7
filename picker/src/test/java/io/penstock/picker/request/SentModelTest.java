package io.penstock.picker.request;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Requests that go to another model than they name. */
class SentModelTest {

  private static final String BODY =
      "{\"max_tokens\":1,\"model\":\"chat\",\"nvext\":{},\"prompt\":\"%s\",\"stop\":\"x\"}"
          .formatted("once upon a time ".repeat(40));

  @Test
  void the_request_knows_both_names() {
    var request = json(BODY, (asked, previous) -> asked + "-v2");

    assertThat(request.model()).isEqualTo("chat-v2");
    assertThat(request.asked()).isEqualTo("chat");
    assertThat(request.rewritten()).isTrue();
    assertThat(json(BODY, SentModel.AS_NAMED).rewritten()).isFalse();
  }

  @Test
  void its_keys_are_those_of_the_same_prompt_to_the_model_it_goes_to() {
    var rewritten = json(BODY, (asked, previous) -> "tiny");
    var direct = json(BODY.replace("chat", "tiny"), SentModel.AS_NAMED);

    assertThat(rewritten.keys()).isEqualTo(direct.keys());
    assertThat(rewritten.keys()).isNotEqualTo(json(BODY, SentModel.AS_NAMED).keys());
  }

  @Test
  void its_spans_are_those_of_the_body_with_the_other_name() {
    for (var name : new String[] {"a", "chat", "a-much-longer-name"}) {
      var request = json(BODY, (asked, previous) -> name);
      byte[] value = JsonLiteral.of(name);
      var span = request.modelSpan();
      var patched =
          BODY.substring(0, span.start()) + new String(value, UTF_8) + BODY.substring(span.end());

      var moved = request.withModelOf(value.length);
      var direct = json(patched, SentModel.AS_NAMED);

      assertThat(moved.modelSpan()).isEqualTo(direct.modelSpan());
      assertThat(moved.stripSpans()).isEqualTo(direct.stripSpans()).isNotEmpty();
      assertThat(moved.answerSpans()).isEqualTo(direct.answerSpans()).hasSizeGreaterThan(1);
      assertThat(moved.bodyBytes()).isEqualTo(direct.bodyBytes());
    }
  }

  @Test
  void a_form_has_its_value_without_quotes() {
    var form =
        """
        --b
        Content-Disposition: form-data; name="stream"

        true
        --b
        Content-Disposition: form-data; name="model"

        whisper
        --b--
        """
            .replace("\n", "\r\n");
    var scanner = new MultipartModelScanner("b");
    byte[] bytes = form.getBytes(UTF_8);
    assertThat(scanner.feed(bytes, 0, bytes.length)).isTrue();

    var request = ((ScanResult.Scanned) scanner.finish((asked, previous) -> "other")).request();

    assertThat(request.model()).isEqualTo("other");
    assertThat(request.asked()).isEqualTo("whisper");
    var span = request.modelSpan();
    assertThat(form.substring(span.start(), span.end())).isEqualTo("whisper");
  }

  @Test
  void it_may_depend_on_the_response_that_the_request_continues() {
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    scanner.reset(ApiKind.RESPONSES);
    byte[] bytes =
        "{\"model\":\"chat\",\"previous_response_id\":\"resp_7\",\"input\":\"on\"}".getBytes(UTF_8);
    assertThat(scanner.feed(bytes, 0, bytes.length)).isTrue();

    var request =
        ((ScanResult.Scanned) scanner.finish((asked, previous) -> asked + "-" + previous))
            .request();

    assertThat(request.model()).isEqualTo("chat-resp_7");
  }

  private static InferenceRequest json(String body, SentModel sentModel) {
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    scanner.reset(ApiKind.COMPLETIONS);
    byte[] bytes = body.getBytes(UTF_8);
    assertThat(scanner.feed(bytes, 0, bytes.length)).isTrue();
    return ((ScanResult.Scanned) scanner.finish(sentModel)).request();
  }
}
