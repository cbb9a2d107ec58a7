package io.penstock.proxy.disagg;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.BodyScanner;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.ScanLimits;
import io.penstock.picker.request.ScanResult;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each connector's pods are sent, byte for byte. */
class ConnectorWireTest {

  private static final String CHAT =
      "{ \"max_tokens\": 9, \"model\":\"m\", \"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}]"
          + ",\"stop\":[\"}\"], \"stream\":true,\"stream_options\":{\"include_usage\":true},\"seed\":"
          + "18446744073709551615 } \n";
  private static final String CHAT_PROMPT =
      "{  \"model\":\"m\", \"messages\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}],\"seed\":"
          + "18446744073709551615 ,\"max_tokens\":1,\"max_completion_tokens\":1,\"stream\":false,"
          + "\"ignore_eos\":true";

  private static final Endpoint PREFILL =
      new Endpoint(0, EndpointSpec.of("10.0.0.1", 8000, Role.PREFILL), List.of());

  private final SplittableRandom random = new SplittableRandom(7);

  @Test
  void nixl_asks_for_a_remote_decode_and_hands_the_answer_on() {
    var transfer = transfer(Connectors.NIXLV2, CHAT, Map.of());

    assertThat(text(transfer::prefillBody, CHAT))
        .isEqualTo(
            CHAT_PROMPT
                + ",\"kv_transfer_params\":{\"do_remote_decode\":true,\"do_remote_prefill\":false,"
                + "\"remote_engine_id\":null,\"remote_block_ids\":null,\"remote_host\":null,"
                + "\"remote_port\":null}} \n");
    String params =
        "{ \"remote_block_ids\":[[6,7]],\"big\":18446744073709551616,\"share\":1.50,\"s\":\"}\\u007d\"}";
    byte[] answer =
        ("{\"id\":\"x\",\"usage\":{\"prompt_tokens\":190,\"prompt_tokens_details\":{\"cached_tokens\":32,"
                + "\"multimodal_tokens\":null}},\"kv_transfer_params\": "
                + params
                + " ,\"metrics\":null}")
            .getBytes(UTF_8);
    assertThat(transfer.take(answer, answer.length)).isTrue();
    assertThat(transfer.promptTokens()).isEqualTo(190);
    assertThat(transfer.cachedTokens()).isEqualTo(32);
    String open = CHAT.substring(0, CHAT.lastIndexOf('}'));
    assertThat(text(transfer::decodeBody, CHAT))
        .isEqualTo(open + ",\"kv_transfer_params\":" + params + "} \n");
    assertThat(text(transfer::releaseBody, CHAT))
        .isEqualTo(CHAT_PROMPT + ",\"kv_transfer_params\":" + params + "} \n");
  }

  @Test
  void a_prefill_of_messages_counts_the_whole_prompt_and_what_was_cached() {
    var transfer = Connectors.NIXLV2.transfer(request(ApiKind.MESSAGES, CHAT), PREFILL, random);
    byte[] answer =
        ("{\"usage\":{\"input_tokens\":30,\"output_tokens\":1,\"cache_creation_input_tokens\":128,"
                + "\"cache_read_input_tokens\":32},\"kv_transfer_params\":{\"x\":1}}")
            .getBytes(UTF_8);

    assertThat(transfer.take(answer, answer.length)).isTrue();
    assertThat(transfer.promptTokens()).isEqualTo(190);
    assertThat(transfer.cachedTokens()).isEqualTo(32);
  }

  /** Engines refuse token ids for log-probabilities where none are asked for. */
  @Test
  void log_probabilities_are_not_asked_of_a_prefill() {
    String body =
        CHAT.replace("\"seed\"", "\"logprobs\":true,\"logprob_token_ids\":[5,6],\"seed\"");
    for (var connector :
        List.of(Connectors.NIXLV2, Connectors.OFFLOADING, Connectors.SHARED_STORAGE)) {
      var transfer = transfer(connector, body, Map.of());
      assertThat(text(transfer::prefillBody, body)).startsWith(CHAT_PROMPT);
      assertThat(text(transfer::releaseBody, body)).startsWith(CHAT_PROMPT);
    }
  }

  /** Engines refuse a message that may think for longer than its answer. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'type':'enabled','budget_tokens':2048} | false",
        "{'budget_tokens':2048,'type':'enabled','display':'omitted'} | false",
        "{'type':'disabled'} | true",
        "{'type':'adaptive','x':{'budget_tokens':7}} | true",
        "null | true",
      })
  void a_prefill_of_messages_has_no_budget_for_thinking(String value, boolean stays) {
    String thinking = ("'thinking': " + value).replace('\'', '"');
    String body =
        "{'model':'m',THINKING,'max_tokens':4096,'messages':[{'role':'user','content':'h'}]}"
            .replace('\'', '"')
            .replace("THINKING", thinking);
    for (var connector :
        List.of(Connectors.NIXLV2, Connectors.OFFLOADING, Connectors.SHARED_STORAGE)) {
      var transfer = connector.transfer(request(ApiKind.MESSAGES, body), PREFILL, random);
      String start = "{\"model\":\"m\"," + (stays ? thinking + "," : "") + "\"messages\":[";
      assertThat(text(transfer::prefillBody, body)).startsWith(start);
      assertThat(text(transfer::releaseBody, body)).startsWith(start);
      assertThat(text(transfer::decodeBody, body)).contains(thinking + ",\"max_tokens\":4096,");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'model':'m','token_ids':[1,2],'sampling_params':{'max_tokens':9,'extra_args':{ 'a':1 }}} |"
            + " {'model':'m','token_ids':[1,2],'sampling_params':{'max_tokens':9,'extra_args':{ 'a':1 ,KV}},KV}",
        "{'model':'m','sampling_params':{'extra_args':{ },'n':1},'token_ids':[1,2]} |"
            + " {'model':'m','sampling_params':{'extra_args':{ KV},'n':1},'token_ids':[1,2],KV}",
        "{'model':'m','sampling_params':{'max_tokens':9},'token_ids':[1,2]} |"
            + " {'model':'m','sampling_params':{'max_tokens':9,'extra_args':{KV}},'token_ids':[1,2],KV}",
        "{'model':'m','sampling_params':{},'token_ids':[1,2]} |"
            + " {'model':'m','sampling_params':{'extra_args':{KV}},'token_ids':[1,2],KV}",
        "{'model':'m','token_ids':[1,2]} |"
            + " {'model':'m','token_ids':[1,2],'sampling_params':{'extra_args':{KV}},KV}",
      })
  void generate_has_the_parameters_where_its_engines_look_and_where_the_others_have_them(
      String body, String decoded) {
    String client = body.replace('\'', '"');
    var transfer = Connectors.NIXLV2.transfer(request(ApiKind.GENERATE, client), PREFILL, random);
    byte[] answer = "{\"kv_transfer_params\":{\"x\":1}}".getBytes(UTF_8);
    assertThat(transfer.take(answer, answer.length)).isTrue();

    String params = "\"kv_transfer_params\":{\"x\":1}";
    assertThat(text(transfer::decodeBody, client))
        .isEqualTo(decoded.replace('\'', '"').replace("KV", params));
    assertThat(text(transfer::prefillBody, client))
        .startsWith(
            "{\"model\":\"m\",\"token_ids\":[1,2],\"sampling_params\":{\"max_tokens\":1,"
                + "\"ignore_eos\":true,\"extra_args\":{\"kv_transfer_params\":{"
                + "\"do_remote_decode\":true,")
        .contains("\"remote_port\":null}}},\"stream\":false,\"kv_transfer_params\":{\"do_remote")
        .endsWith("\"remote_port\":null}}");
    assertThat(text(transfer::releaseBody, client))
        .endsWith("\"extra_args\":{" + params + "}},\"stream\":false," + params + "}");
  }

  @Test
  void an_answer_without_parameters_hands_nothing_on() {
    for (var answer :
        List.of(
            "{\"kv_transfer_params\":null}", "{\"a\":{\"kv_transfer_params\":{}}}", "{}", "no")) {
      var transfer = transfer(Connectors.NIXLV2, CHAT, Map.of());
      assertThat(transfer.take(answer.getBytes(UTF_8), answer.length())).as(answer).isFalse();
    }
  }

  @Test
  void offloading_gives_both_legs_one_id() {
    var transfer = transfer(Connectors.OFFLOADING, CHAT, Map.of());

    String prefill = text(transfer::prefillBody, CHAT);
    assertThat(prefill)
        .startsWith(
            CHAT_PROMPT + ",\"kv_transfer_params\":{\"remote_decoder\":{\"kv_request_id\":\"");
    String id = prefill.replaceAll("(?s).*kv_request_id\":\"([0-9a-f-]{36})\"}}} \n", "$1");
    assertThat(id).hasSize(36);
    assertThat(text(transfer::decodeBody, CHAT))
        .endsWith(
            ",\"kv_transfer_params\":{\"remote_prefiller\":{\"kv_request_id\":\""
                + id
                + "\",\"remote_host\":\"10.0.0.1\",\"remote_port\":7777}}} \n");
    assertThat(Connectors.OFFLOADING.concurrent()).isFalse();
  }

  @Test
  void sglang_gives_both_legs_one_body_with_a_room() {
    var transfer = transfer(Connectors.SGLANG, CHAT, Map.of(KvPort.LABEL, "9001"));

    String open = CHAT.substring(0, CHAT.lastIndexOf('}'));
    assertThat(text(transfer::prefillBody, CHAT))
        .startsWith(
            open + ",\"bootstrap_host\":\"10.0.0.1\",\"bootstrap_port\":9001,\"bootstrap_room\":")
        .matches("(?s).*\"bootstrap_room\":[0-9]{1,19}} \n")
        .isEqualTo(text(transfer::decodeBody, CHAT));
    assertThat(Connectors.SGLANG.concurrent()).isTrue();
  }

  /** Its engines put a colon and the port behind it. */
  @Test
  void sglang_gives_an_ipv6_address_in_brackets() {
    var prefill = new Endpoint(0, EndpointSpec.of("fd00::1", 8000, Role.PREFILL), List.of());
    var transfer = Connectors.SGLANG.transfer(request(ApiKind.CHAT, CHAT), prefill, random);

    assertThat(text(transfer::decodeBody, CHAT)).contains(",\"bootstrap_host\":\"[fd00::1]\",");
  }

  @Test
  void rooms_are_positive_and_differ() {
    var rooms =
        random
            .ints(1_000)
            .mapToObj(
                any -> {
                  String body = text(transfer(Connectors.SGLANG, CHAT, Map.of())::decodeBody, CHAT);
                  return Long.parseLong(body.replaceAll("(?s).*_room\":([0-9]+)} \n", "$1"));
                })
            .toList();
    assertThat(rooms).doesNotHaveDuplicates().allMatch(room -> room >= 0);
  }

  @Test
  void a_shared_store_needs_no_words_but_that_no_hit_is_required() {
    var transfer = transfer(Connectors.SHARED_STORAGE, CHAT, Map.of());

    assertThat(text(transfer::prefillBody, CHAT))
        .isEqualTo(CHAT_PROMPT + ",\"cache_hit_threshold\":0} \n");
    assertThat(transfer.take("{}".getBytes(UTF_8), 2)).isTrue();
    assertThat(text(transfer::decodeBody, CHAT))
        .isEqualTo(CHAT.substring(0, CHAT.lastIndexOf('}')) + ",\"cache_hit_threshold\":0} \n");
    assertThat(Connectors.SHARED_STORAGE.holdsPrompts()).isFalse();
  }

  private PrefillLeg.Transfer transfer(
      PrefillLeg connector, String body, Map<String, String> labels) {
    var spec =
        new EndpointSpec(new EndpointId("p"), "p", "10.0.0.1", 8000, Role.PREFILL, labels, false);
    var transfer =
        connector.transfer(request(ApiKind.CHAT, body), new Endpoint(0, spec, List.of()), random);
    assertThat(transfer).isNotNull();
    return transfer;
  }

  private static InferenceRequest request(ApiKind api, String body) {
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    scanner.reset(api);
    byte[] bytes = body.getBytes(UTF_8);
    assertThat(scanner.feed(bytes, 0, bytes.length)).isTrue();
    return ((ScanResult.Scanned) scanner.finish()).request();
  }

  /** The body made of {@code from}, of which nothing is left unreleased. */
  private static String text(Function<ByteBuf, ByteBuf> make, String from) {
    var whole = Unpooled.directBuffer().writeBytes(from.getBytes(UTF_8));
    var made = make.apply(whole);
    try {
      return made.toString(UTF_8);
    } finally {
      made.release();
      assertThat(whole.refCnt()).isEqualTo(1);
      whole.release();
    }
  }
}
