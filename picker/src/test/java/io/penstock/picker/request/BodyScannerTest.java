package io.penstock.picker.request;

import static io.penstock.picker.request.Scans.malformed;
import static io.penstock.picker.request.Scans.request;
import static io.penstock.picker.request.Scans.utf8;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.request.ScanResult.Kind;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyScannerTest {

  @Nested
  class Facts {

    @Test
    void ofAChatRequest() {
      String body =
          """
          {"messages": [{"role": "user", "content": "hi"}], "model": "tiny", "stream": true,
           "stream_options": {"include_usage": true, "x": [1]}, "max_tokens": 5, "n": 2,
           "priority": -3, "tools": [{"type": "function"}], "cache_salt": "s", "seed": 18446744073709551615}
          """;

      InferenceRequest request = request(ApiKind.CHAT, body);

      assertThat(request.api()).isEqualTo(ApiKind.CHAT);
      assertThat(request.model()).isEqualTo("tiny");
      assertThat(request.stream()).isTrue();
      assertThat(request.includeUsage()).isTrue();
      assertThat(request.maxTokens()).isEqualTo(5);
      assertThat(request.n()).isEqualTo(2);
      assertThat(request.priority()).isEqualTo(-3);
      assertThat(request.hasTools()).isTrue();
      assertThat(request.cacheSaltPresent()).isTrue();
      assertThat(request.bodyBytes()).isEqualTo(body.length());
      assertThat(request.promptTokenIds()).isEqualTo(-1);
      assertThat(request.rootBytes()).isEqualTo("[{\"type\": \"function\"}]".length());
      assertThat(request.promptBytes())
          .isEqualTo(request.rootBytes() + "{\"role\": \"user\", \"content\": \"hi\"}".length());
      assertThat(Scans.text(utf8(body), request.modelSpan())).isEqualTo("\"tiny\"");
    }

    @Test
    void thatAreAbsentOrNull() {
      InferenceRequest absent = request(ApiKind.CHAT, "{\"model\":\"m\",\"messages\":[]}");
      InferenceRequest nulls =
          request(
              ApiKind.CHAT,
              "{\"model\":\"m\",\"messages\":[],\"stream\":null,\"stream_options\":null,"
                  + "\"max_tokens\":null,\"max_completion_tokens\":null,\"n\":null,"
                  + "\"priority\":null,\"tools\":null,\"cache_salt\":null,\"documents\":null}");

      assertThat(absent.stream()).isFalse();
      assertThat(absent.maxTokens()).isEqualTo(-1);
      assertThat(absent.n()).isEqualTo(1);
      assertThat(absent.previousResponseId()).isNull();
      assertThat(nulls)
          .usingRecursiveComparison()
          .ignoringFields("bodyBytes", "answerSpans")
          .isEqualTo(absent);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "CHAT|\"prompt_logprobs\":1|true",
          "COMPLETIONS|\"prompt_logprobs\":0|true",
          "COMPLETIONS|\"prompt_logprobs\":null|false",
          "COMPLETIONS|\"echo\":true,\"logprobs\":0|true",
          "COMPLETIONS|\"logprobs\":5,\"echo\":true|true",
          "CHAT|\"echo\":true,\"logprobs\":true,\"top_logprobs\":2|true",
          "CHAT|\"echo\":true,\"logprobs\":false|false",
          "COMPLETIONS|\"echo\":true|false",
          "COMPLETIONS|\"logprobs\":5,\"echo\":false|false",
          "CHAT|\"logprobs\":true,\"top_logprobs\":5|false",
          "CHAT|\"prompt_logprobs\":null,\"prompt_logprobs\":2|true",
        })
    void ofLogProbabilitiesOfThePrompt(ApiKind api, String members, boolean asked) {
      var request = request(api, "{\"model\":\"m\"," + members + "}");

      assertThat(request.promptLogprobs()).isEqualTo(asked);
    }

    @Test
    void ofAGenerateRequest() {
      String body =
          "{\"model\":\"m\",\"sampling_params\":{\"n\":3,\"max_tokens\":7,\"prompt_logprobs\":0,"
              + "\"extra_args\":{\"a\":{\"n\":9},\"kv_transfer_params\":{\"remote_host\":\"6.6.6.6\"},"
              + "\"ec_transfer_params\":null},\"stop\":[\"n\"]},\"token_ids\":[5,6,7],\"stream\":true}";

      var request = request(ApiKind.GENERATE, body);

      assertThat(request.promptTokenIds()).isEqualTo(3);
      assertThat(request.prompts()).isEqualTo(1);
      assertThat(request.n()).isEqualTo(3);
      assertThat(request.maxTokens()).isEqualTo(7);
      assertThat(request.promptLogprobs()).isTrue();
      assertThat(request.stream()).isTrue();
      assertThat(Scans.text(utf8(body), request.samplingSpan()))
          .startsWith("{\"n\":3")
          .endsWith("]}");
      assertThat(Scans.text(utf8(body), request.extraArgsSpan()))
          .startsWith("{\"a\"")
          .endsWith("null}");
      assertThat(new String(Scans.blanked(utf8(body), request), UTF_8))
          .isEqualTo(body.replace("\"remote_host\":\"6.6.6.6\"", " ".repeat(23)));
      assertThat(
              new String(Scans.blanked(utf8(body), request.answerSpans()), UTF_8).replace(" ", ""))
          .isEqualTo("{\"model\":\"m\",\"token_ids\":[5,6,7]}");
    }

    @Test
    void ofAGenerateRequestWithoutParameters() {
      var request =
          request(
              ApiKind.GENERATE,
              "{\"model\":\"m\",\"token_ids\":[1],\"sampling_params\":null,\"n\":4}");

      assertThat(request.n()).isEqualTo(1);
      assertThat(request.maxTokens()).isEqualTo(-1);
      assertThat(request.samplingSpan()).isNull();
      assertThat(request.extraArgsSpan()).isNull();
    }

    @Test
    void ofARequestOfSglangsOwn() {
      String body =
          "{\"rid\":\"r\",\"sampling_params\":{\"max_new_tokens\":7,\"stop\":[\"n\"],\"n\":2},"
              + "\"input_ids\":[5,6,7],\"stream\":true,\"bootstrap_room\":6}";

      var request = request(ApiKind.SGLANG, body);

      assertThat(request.model()).isEmpty();
      assertThat(request.asked()).isEmpty();
      assertThat(request.modelSpan()).isNull();
      assertThat(request.promptTokenIds()).isEqualTo(3);
      assertThat(request.prompts()).isEqualTo(1);
      assertThat(request.n()).isEqualTo(2);
      assertThat(request.maxTokens()).isEqualTo(7);
      assertThat(request.stream()).isTrue();
      assertThat(new String(Scans.blanked(utf8(body), request), UTF_8).replace(" ", ""))
          .isEqualTo(body.replace(",\"bootstrap_room\":6", ""));
    }

    @Test
    void ofTokensForNoModelInParticular() {
      var request = request(ApiKind.GENERATE, "{\"token_ids\":[5,6,7],\"sampling_params\":{}}");

      assertThat(request.model()).isEmpty();
      assertThat(request.asked()).isEmpty();
      assertThat(request.modelSpan()).isNull();
      assertThat(request.promptTokenIds()).isEqualTo(3);
      assertThat(request(ApiKind.GENERATE, "{\"model\":\"m\",\"token_ids\":[5]}").model())
          .isEqualTo("m");
    }

    @Test
    void ofSglangsPromptsSaltAndModel() {
      String ids = "[" + "11,".repeat(199) + "11]";
      var plain = request(ApiKind.SGLANG, "{\"input_ids\":" + ids + "}");
      var later = request(ApiKind.SGLANG, "{\"stream\":false,\"input_ids\":" + ids + "}");
      var salted = request(ApiKind.SGLANG, "{\"extra_key\":\"s\",\"input_ids\":" + ids + "}");
      var named = request(ApiKind.SGLANG, "{\"model\":\"m\",\"input_ids\":" + ids + "}");
      assertThat(plain.keys().count()).isPositive();
      assertThat(later.keys().array()).isEqualTo(plain.keys().array());
      assertThat(salted.keys().array()[0]).isNotEqualTo(plain.keys().array()[0]);
      assertThat(named.keys().array()[0]).isNotEqualTo(plain.keys().array()[0]);
      assertThat(named.model()).isEqualTo("m");

      var texts =
          request(
              ApiKind.SGLANG,
              "{\"text\":[\"one\",\"two\"],\"sampling_params\":[{\"max_new_tokens\":1},"
                  + "{\"max_new_tokens\":2}]}");
      assertThat(texts.prompts()).isEqualTo(2);
      assertThat(texts.maxTokens()).isEqualTo(-1);
      assertThat(request(ApiKind.SGLANG, "{\"text\":\"hello\"}").promptBytes()).isEqualTo(5);
    }

    @Test
    void emptyToolsAreNone() {
      assertThat(request(ApiKind.CHAT, "{\"model\":\"m\",\"tools\":[]}").hasTools()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "CHAT|\"max_tokens\":3,\"max_completion_tokens\":4|4",
          "CHAT|\"max_completion_tokens\":4,\"max_tokens\":3|4",
          "CHAT|\"max_completion_tokens\":null,\"max_tokens\":3|3",
          "CHAT|\"max_tokens\":4.0|4",
          "CHAT|\"max_tokens\":-7|-1",
          "CHAT|\"max_tokens\":99999999999999999999999999|2147483647",
          "COMPLETIONS|\"max_tokens\":3,\"max_completion_tokens\":\"x\"|3",
          "COMPLETIONS|\"max_tokens\":0|0",
          "COMPLETIONS|\"max_tokens\":null|16",
          "COMPLETIONS|\"prompt\":\"x\"|16",
          "CHAT|\"n\":1|-1",
          "RESPONSES|\"max_output_tokens\":6,\"max_tokens\":3|6",
          "MESSAGES|\"max_tokens\":0|0",
          "OPAQUE|\"max_tokens\":\"x\"|-1"
        })
    void maxTokensIsWhatTheEngineOfThatApiReads(ApiKind api, String members, int expected) {
      assertThat(request(api, "{\"model\":\"m\"," + members + "}").maxTokens()).isEqualTo(expected);
    }

    @Test
    void aCompletionOfWhichMoreMayComeHasNoBoundYet() {
      var scanner = new BodyScanner(ScanLimits.DEFAULT);
      byte[] part = utf8("{\"model\":\"m\",\"prompt\":\"x\",");
      scanner.reset(ApiKind.COMPLETIONS);
      scanner.feed(part, 0, part.length);

      assertThat(request(scanner.finishCut(SentModel.AS_NAMED)).maxTokens()).isEqualTo(-1);
    }

    @Test
    void namesAndModelAreUnescaped() {
      String body = "{\"mod\\u0065l\":\"a\\/b\\u00e9\\ud83d\\ude00\\n\",\"str\\u0065am\":true}";

      InferenceRequest request = request(ApiKind.CHAT, body);

      assertThat(request.model()).isEqualTo("a/bé😀\n");
      assertThat(request.stream()).isTrue();
    }

    @Test
    void namesInsideOtherObjectsMeanNothing() {
      String body =
          "{\"metadata\":{\"model\":1,\"stream\":{},\"kv_transfer_params\":2},\"model\":\"m\"}";

      assertThat(request(ApiKind.CHAT, body).stripSpans()).isEmpty();
    }

    @Test
    void previousResponse() {
      String body = "{\"model\":\"m\",\"input\":\"x\",\"previous_response_id\":\"resp_1\"}";

      assertThat(request(ApiKind.RESPONSES, body).previousResponseId()).isEqualTo("resp_1");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "[1,2,3]|3",
          "[[1,2],[3]]|3",
          "[123456789,1234567890,12345678901234567890,0,-5,6.0,7 , 8,12345678]|9",
          "[1,2,3,4,5,6,7,8,\"x\",1,2,3,4,5,6]|-1",
          "\"abc\"|-1",
          "[\"abc\",\"d\"]|-1",
          "[]|-1",
        })
    void tokenIdsAreCounted(String prompt, int expected) {
      var request = request(ApiKind.COMPLETIONS, "{\"model\":\"m\",\"prompt\":" + prompt + "}");

      assertThat(request.promptTokenIds()).isEqualTo(expected);
      if (expected >= 0) {
        assertThat(request.promptTokens(4.0)).isEqualTo(expected);
      }
    }

    @Test
    void mediaCountAsTheirTokens() {
      String image = "data:image/png;base64," + "A".repeat(4_000);
      String body =
          "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":["
              + "{\"type\":\"text\",\"text\":\"see\"},"
              + ("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + image + "\"}},")
              + ("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"" + image + "\"}}")
              + "]}]}";

      InferenceRequest request = request(ApiKind.CHAT, body);

      assertThat(request.mediaTokens()).isEqualTo(1_750);
      assertThat(request.promptTokens(4.0)).isBetween(1_750L, 1_800L);
      assertThat(request.promptBytes()).isLessThan(200);
      assertThat(request.keys().count()).isGreaterThan(30);
    }

    @Test
    void anyNumberOfMediaCountsForFourMillionTokensAtMost() {
      String parts = "{\"video_url\":0},".repeat(540_000);
      String body =
          "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[" + parts + "0]}]}";

      InferenceRequest request = request(ApiKind.CHAT, body);

      assertThat(request.mediaTokens()).isEqualTo(4_000_000);
      assertThat(request.promptTokens(4.0)).isBetween(4_000_000L, 8_000_000L);
    }

    @Test
    void mediaOfTheOtherMessageApis() {
      String responses =
          "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":["
              + "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,AAAA\"}]}]}";
      String messages =
          "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
              + "\"content\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"}}]}]}]}";

      assertThat(request(ApiKind.RESPONSES, responses).mediaTokens()).isEqualTo(1_000);
      assertThat(request(ApiKind.MESSAGES, messages).mediaTokens()).isEqualTo(1_000);
    }
  }

  @Nested
  class Complaints {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          " ",
          "null",
          "[]",
          "\"model\"",
          "{",
          "{}x",
          "{} {}",
          "{,}",
          "{\"model\"}",
          "{\"model\":}",
          "{\"model\":\"m\",}",
          "{\"model\":\"m\" \"n\":1}",
          "{'model':'m'}",
          "{model:1}",
          "{\"a\":01}",
          "{\"a\":-}",
          "{\"a\":1.}",
          "{\"a\":.5}",
          "{\"a\":+1}",
          "{\"a\":1e}",
          "{\"a\":1e+}",
          "{\"a\":NaN}",
          "{\"a\":nul}",
          "{\"a\":nulL}",
          "{\"a\":truee}",
          "{\"a\":[1,]}",
          "{\"a\":[1 2]}",
          "{\"input\":[1,2,3,4,5,6,7,]}",
          "{\"input\":[1,2,3,4,5,6,7,,8,9,10,11]}",
          "{\"input\":[11111,01,11111,11111,11111]}",
          "{\"a\":[}",
          "{\"a\":[1}",
          "{\"a\":{]",
          "{\"a\":\"\\x\"}",
          "{\"a\":\"\\u12g4\"}",
          "{\"a\":\"\n\"}",
          "{\"a\":\"\u0000\"}",
          "{\"a\":\"x}",
          "\ufeff{\"model\":\"m\"}",
          "{\"model\":\"m\"}\u0000",
          "{/**/\"model\":\"m\"}"
        })
    void whatIsNotAJsonObject(String body) {
      assertThat(malformed(ApiKind.OPAQUE, body).kind()).isEqualTo(Kind.INVALID_JSON);
    }

    @Test
    void rawBytesThatAreNotUtf8() {
      int[][] wrong = {
        {0x80},
        {0xc0, 0x80},
        {0xc1, 0xbf},
        {0xe0, 0x80, 0x80},
        {0xed, 0xa0, 0x80},
        {0xf0, 0x80, 0x80, 0x80},
        {0xf4, 0x90, 0x80, 0x80},
        {0xf5, 0x80, 0x80, 0x80},
        {0xff},
        {0xc3},
        {0xe2, 0x82},
        {0xe2, 0x28, 0xa1}
      };
      for (int[] bytes : wrong) {
        byte[] body = utf8("{\"model\":\"m\",\"a\":\"....abcdefgh\"}");
        for (int i = 0; i < bytes.length; i++) {
          body[18 + i] = (byte) bytes[i];
        }
        assertThat(malformed(Scans.scan(ApiKind.CHAT, body)).kind()).isEqualTo(Kind.INVALID_JSON);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"model\":null}", "{\"model\":\"\"}", "{\"models\":\"m\"}"})
    void noModel(String body) {
      var malformed = malformed(ApiKind.CHAT, body);

      assertThat(malformed.kind()).isEqualTo(Kind.MISSING_FIELD);
      assertThat(malformed.field()).isEqualTo("model");
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '\u0001',
        value = {
          "CHAT|model|1|model must be a string, not a number",
          "CHAT|stream|\"true\"|stream must be a boolean or null, not a string",
          "CHAT|max_tokens|\"1\"|max_tokens must be an integer or null, not a string",
          "CHAT|max_tokens|1.5|max_tokens must be an integer or null, not a number with a fraction or an exponent",
          "CHAT|n|[1]|n must be an integer or null, not an array",
          "CHAT|n|true|n must be an integer or null, not a boolean",
          "CHAT|messages|\"hi\"|messages must be an array, not a string",
          "CHAT|messages|null|messages must be an array, not null",
          "CHAT|tools|{}|tools must be an array or null, not an object",
          "CHAT|cache_salt|1|cache_salt must be a string or null, not a number",
          "CHAT|stream_options|true|stream_options must be an object or null, not a boolean",
          "COMPLETIONS|prompt|1|prompt must be a string, an array or null, not a number",
          "RESPONSES|input|{}|input must be a string or an array, not an object",
          "RESPONSES|previous_response_id|1|previous_response_id must be a string or null, not a number",
          "MESSAGES|system|{}|system must be a string, an array or null, not an object"
        })
    void aTypeTheEnginesDoNotAccept(ApiKind api, String field, String value, String message) {
      var malformed = malformed(api, "{\"" + field + "\":" + value + ",\"x\":1}");

      assertThat(malformed.kind()).isEqualTo(Kind.INVALID_TYPE);
      assertThat(malformed.field()).isEqualTo(field);
      assertThat(malformed.message()).isEqualTo(message);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "COMPLETIONS", "RESPONSES", "MESSAGES", "OPAQUE"})
    void transferParametersAmongTheOtherArguments(ApiKind api) {
      for (var name : new String[] {"kv_transfer_params", "ec_tr\\u0061nsfer_params"}) {
        for (var value : new String[] {"\"x\"", "\"\"", "1", "true", "[1]", "{}", "{\"a\":1}"}) {
          var malformed =
              malformed(
                  api,
                  "{\"model\":\"m\",\"vllm_xargs\":{\"a\":[{}],\"" + (name + "\":" + value) + "}}");

          assertThat(malformed.kind()).as(value).isEqualTo(Kind.INVALID_TYPE);
          assertThat(malformed.field()).isEqualTo("vllm_xargs." + name.replace("\\u0061", "a"));
          assertThat(malformed.message()).startsWith(malformed.field() + " must be null, not a");
        }
      }
      request(
          api,
          "{\"model\":\"m\",\"vllm_xargs\":{\"kv_transfer_params\":null,\"kv\":1,\"x\":"
              + "{\"kv_transfer_params\":1}},\"vllm_xargs\":null,\"x\":{\"kv_transfer_params\":1}}");
    }

    @Test
    void transferParametersThatNoBlankMakesHarmless() {
      for (var name : new String[] {"kv_transfer_params", "ec_transfer_params"}) {
        String before =
            "{\"model\":\"m\",\"token_ids\":[1],\"sampling_params\":{\"extra_args\":{\""
                + name
                + "\":";
        for (var value : new String[] {"1", "true", "false", "\"x\"", "\"\"", "[1]", "[]"}) {
          var malformed = malformed(ApiKind.GENERATE, before + value + "}}}");

          assertThat(malformed.kind()).as(value).isEqualTo(Kind.INVALID_TYPE);
          assertThat(malformed.field()).isEqualTo("sampling_params.extra_args." + name);
          assertThat(malformed.message()).contains(" must be an object or null, not a");
        }
        for (var value : new String[] {"{}", "{\"a\":[1,\"b\"]}", "null"}) {
          request(ApiKind.GENERATE, before + value + "}}}");
        }
      }
    }

    @Test
    void aUsageOptionOfTheWrongType() {
      var malformed = malformed(ApiKind.CHAT, "{\"stream_options\":{\"include_usage\":\"yes\"}}");

      assertThat(malformed.kind()).isEqualTo(Kind.INVALID_TYPE);
      assertThat(malformed.field()).isEqualTo("stream_options.include_usage");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "model",
          "stream",
          "messages",
          "max_tokens",
          "n",
          "tools",
          "cache_salt",
          "stream_options",
          "chat_template",
          "kv_transfer_params"
        })
    void twoOfAMemberItReliesOn(String field) {
      String value = field.equals("messages") ? "[]" : field.equals("model") ? "\"m\"" : "null";
      String escaped = "\\u00" + Integer.toHexString(field.charAt(0)) + field.substring(1);
      var malformed =
          malformed(
              ApiKind.CHAT, "{\"" + field + "\":" + value + ",\"" + escaped + "\":" + value + "}");

      assertThat(malformed.kind()).isEqualTo(Kind.DUPLICATE_FIELD);
      assertThat(malformed.field()).isEqualTo(field);
    }

    @Test
    void twoUsageOptions() {
      var malformed =
          malformed(
              ApiKind.CHAT, "{\"stream_options\":{\"include_usage\":true,\"include_usage\":true}}");

      assertThat(malformed.kind()).isEqualTo(Kind.DUPLICATE_FIELD);
      assertThat(malformed.field()).isEqualTo("stream_options.include_usage");
    }

    @Test
    void duplicatesOfOthersAreNoneOfItsBusiness() {
      request(ApiKind.CHAT, "{\"model\":\"m\",\"user\":1,\"user\":2,\"prompt\":1,\"prompt\":2}");
    }

    @Test
    void theFirstOneStaysAndLaterInputIsIgnored() {
      var scanner = new BodyScanner(ScanLimits.DEFAULT);
      scanner.reset(ApiKind.CHAT);

      assertThat(scanner.feed(utf8("{\"model\":"), 0, 9)).isTrue();
      assertThat(scanner.feed(utf8("1,"), 0, 2)).isFalse();
      assertThat(scanner.feed(utf8("]]]"), 0, 3)).isFalse();
      var malformed = malformed(scanner.finish());
      assertThat(malformed.kind()).isEqualTo(Kind.INVALID_TYPE);
      assertThat(malformed.offset()).isEqualTo(9);
    }
  }

  @Nested
  class Limits {

    @Test
    void onNesting() {
      var scanner = new BodyScanner(new ScanLimits(1_000, 3, 100, 10));

      request(Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"m\",\"a\":[{}]}")));
      var malformed =
          malformed(
              Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"m\",\"a\":[{\"b\":[]}]}")));

      assertThat(malformed.kind()).isEqualTo(Kind.TOO_DEEP);
    }

    @Test
    void onTokens() {
      var scanner = new BodyScanner(new ScanLimits(1_000, 3, 6, 10));

      request(Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"m\",\"a\":[1]}")));
      var malformed =
          malformed(Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"m\",\"a\":[1,2]}")));

      assertThat(malformed.kind()).isEqualTo(Kind.TOO_MANY_TOKENS);
    }

    @Test
    void onTokenIds() {
      var scanner = new BodyScanner(new ScanLimits(1_000, 3, 20, 10));
      String ids = "1,22,333, 4444,".repeat(4);

      request(
          Scans.scan(
              scanner,
              ApiKind.COMPLETIONS,
              utf8("{\"model\":\"m\",\"prompt\":[" + ids.substring(0, 45) + "1]}")));
      var malformed =
          malformed(
              Scans.scan(
                  scanner,
                  ApiKind.COMPLETIONS,
                  utf8("{\"model\":\"m\",\"prompt\":[" + ids + ids + "1]}")));

      assertThat(malformed.kind()).isEqualTo(Kind.TOO_MANY_TOKENS);
    }

    @Test
    void onBytes() {
      byte[] body = utf8("{\"model\":\"m\"}");
      var exact = new BodyScanner(new ScanLimits(body.length, 3, 10, 10));
      var less = new BodyScanner(new ScanLimits(body.length - 1, 3, 10, 10));

      request(Scans.scan(exact, ApiKind.CHAT, body, 5));
      assertThat(malformed(Scans.scan(less, ApiKind.CHAT, body, 5)).kind())
          .isEqualTo(Kind.TOO_LARGE);
    }

    @ParameterizedTest
    @CsvSource({
      "0123456789,true",
      "0123456789a,false",
      "\\u0030\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038\\u0039,true",
      "\\u0030\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038\\u0039a,false",
      "aéééé,true",
      "aaaééééé,false"
    })
    void onTheModelsName(String model, boolean fits) {
      var scanner = new BodyScanner(new ScanLimits(1_000, 3, 10, 10));

      var result = Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"" + model + "\"}"));

      if (fits) {
        assertThat(request(result).model()).hasSizeLessThanOrEqualTo(10);
      } else {
        assertThat(malformed(result).kind()).isEqualTo(Kind.TOO_LONG);
      }
    }
  }

  @Nested
  class StrippedMembers {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "{\"kv_transfer_params\":{\"a\":[1,2]},\"model\":\"m\"}",
          "{\"model\":\"m\",\"kv_transfer_params\":null}",
          "{\"model\":\"m\",\"nvext\":1,\"n\":2}",
          "{\"nvext\":1,\"bootstrap_room\":2,\"model\":\"m\",\"bootstrap_host\":\"\",\"bootstrap_port\":1}",
          " { \"nvext\" : 1 , \"bootstrap_room\" : 2 , \"a\" : 1 , \"ec_transfer_params\" : [ ] , \"model\" : \"m\" } ",
          "{\"model\":\"m\"\n,\n\"nvext\"\n:\n1\n}",
          "{\"nv\\u0065xt\":1,\"model\":\"m\"}"
        })
    void leaveJsonOfTheSameLength(String body) {
      byte[] bytes = utf8(body);
      byte[] blanked = Scans.blanked(bytes, request(ApiKind.CHAT, body));

      assertThat(blanked).hasSameSizeAs(bytes);
      var expected = JacksonTree.parse(bytes).orElseThrow();
      expected.keySet().removeAll(BodyScanner.ENGINE_MEMBERS);
      assertThat(JacksonTree.parse(blanked)).contains(expected);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '\u0001',
        value = {
          "{\"stop\":1,\"stop\":1 , \"echo\":1,\"model\":\"m\"}|1",
          "{\"model\":\"m\",\"stop\":1,\"stop\":1 , \"echo\":1}|1",
          "{\"stop\":1,\"user\":1,\"stop\":1,\"model\":\"m\",\"stop\":1,\"stop\":1}|3",
        })
    void inARowAreOneRange(String body, int ranges) {
      var request = request(ApiKind.CHAT, body);

      assertThat(request.answerSpans()).hasSize(ranges);
      assertThat(JacksonTree.parse(Scans.blanked(utf8(body), request.answerSpans())))
          .hasValueSatisfying(
              tree -> assertThat(tree).containsKey("model").doesNotContainKeys("stop", "echo"));
    }

    @Test
    void meanNothingElse() {
      var scanner = new BodyScanner(ScanLimits.DEFAULT, Set.of("cache_salt", "priority"));

      var request =
          request(
              Scans.scan(
                  scanner,
                  ApiKind.CHAT,
                  utf8("{\"model\":\"m\",\"priority\":\"x\",\"cache_salt\":1}")));

      assertThat(request.priority()).isZero();
      assertThat(request.cacheSaltPresent()).isFalse();
      assertThat(request.stripSpans()).hasSize(1);
    }

    @Test
    void mayBeAllThereIs() {
      var scanner = new BodyScanner(ScanLimits.DEFAULT, Set.of("model"));

      assertThat(malformed(Scans.scan(scanner, ApiKind.CHAT, utf8("{\"model\":\"m\"}"))).kind())
          .isEqualTo(Kind.MISSING_FIELD);
      var spans = new StrippedSpans();
      spans.strippedMember(1, 5);
      spans.comma(5);
      spans.strippedMember(6, 9);
      assertThat(spans.finish()).containsExactly(new ByteSpan(1, 9));
    }
  }
}
