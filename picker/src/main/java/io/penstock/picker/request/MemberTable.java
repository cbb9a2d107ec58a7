package io.penstock.picker.request;

import static io.penstock.picker.request.Meaning.ANSWER;
import static io.penstock.picker.request.Meaning.ANY_PROMPT;
import static io.penstock.picker.request.Meaning.CACHE_SALT;
import static io.penstock.picker.request.Meaning.ECHO;
import static io.penstock.picker.request.Meaning.HEAD;
import static io.penstock.picker.request.Meaning.INPUT;
import static io.penstock.picker.request.Meaning.LOGPROBS;
import static io.penstock.picker.request.Meaning.MAX_COMPLETION_TOKENS;
import static io.penstock.picker.request.Meaning.MAX_TOKENS;
import static io.penstock.picker.request.Meaning.MESSAGES;
import static io.penstock.picker.request.Meaning.MODEL;
import static io.penstock.picker.request.Meaning.N;
import static io.penstock.picker.request.Meaning.PREVIOUS_RESPONSE;
import static io.penstock.picker.request.Meaning.PRIORITY;
import static io.penstock.picker.request.Meaning.PROMPT_LOGPROBS;
import static io.penstock.picker.request.Meaning.ROOT;
import static io.penstock.picker.request.Meaning.ROOT_TEXT;
import static io.penstock.picker.request.Meaning.SAMPLING;
import static io.penstock.picker.request.Meaning.SAMPLING_EACH;
import static io.penstock.picker.request.Meaning.STREAM;
import static io.penstock.picker.request.Meaning.STREAM_OPTIONS;
import static io.penstock.picker.request.Meaning.STRIPPED;
import static io.penstock.picker.request.Meaning.TEXT_OR_TOKENS;
import static io.penstock.picker.request.Meaning.THINKING;
import static io.penstock.picker.request.Meaning.TOOLS;
import static io.penstock.picker.request.Meaning.XARGS;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The members of one API's bodies that mean something, found by the bytes of their name. Immutable,
 * and shared by all scanners with the same to strip; a look-up costs a hash of the name and one
 * comparison.
 */
final class MemberTable {

  private static final int MAX_MEMBERS = 64;

  /** Say what answer is wanted, in any API of generation. */
  static final List<String> ANSWER_MEMBERS =
      List.of(
          "max_tokens",
          "max_completion_tokens",
          "max_output_tokens",
          "min_tokens",
          "min_completion_tokens",
          "ignore_eos",
          "stop",
          "stop_token_ids",
          "stop_sequences",
          "stream_options",
          "logprobs",
          "top_logprobs",
          "logprob_token_ids",
          "prompt_logprobs",
          "echo",
          "response_format",
          "structured_outputs",
          "guided_json",
          "guided_regex",
          "guided_choice",
          "guided_grammar",
          "store",
          "background",
          "text");

  /** A power of two, so that an open-addressing table of all members stays sparse. */
  private static final int SLOTS = 4 * MAX_MEMBERS;

  private final @Nullable Member[] slots = new @Nullable Member[SLOTS];

  /** UTF-8 names of the members in the same slots. */
  private final byte[][] names = new byte[SLOTS][];

  private MemberTable(Map<String, Meaning> meanings) {
    if (meanings.size() > MAX_MEMBERS) {
      throw new IllegalArgumentException("more than " + MAX_MEMBERS + " members: " + meanings);
    }
    int index = 0;
    for (var entry : meanings.entrySet()) {
      byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
      if (name.length > JsonTokenizer.MAX_NAME_BYTES) {
        throw new IllegalArgumentException("too long for a member's name: " + entry.getKey());
      }
      int slot = slot(name, 0, name.length);
      while (slots[slot] != null) {
        slot = (slot + 1) % SLOTS;
      }
      names[slot] = name;
      slots[slot] = new Member(entry.getKey(), entry.getValue(), index++);
    }
  }

  /** One for each API; see {@link #of}. */
  static Map<ApiKind, MemberTable> all(Set<String> stripped) {
    Map<ApiKind, MemberTable> tables = new EnumMap<>(ApiKind.class);
    for (ApiKind api : ApiKind.values()) {
      tables.put(api, of(api, stripped));
    }
    return Collections.unmodifiableMap(tables);
  }

  /** Members of {@code api}'s bodies; those to strip mean nothing else. */
  static MemberTable of(ApiKind api, Set<String> stripped) {
    var meanings = new LinkedHashMap<>(meanings(api));
    for (String name : stripped.stream().sorted().toList()) {
      meanings.put(name, STRIPPED);
    }
    return new MemberTable(meanings);
  }

  /** The member of that name, or null if it means nothing. */
  @Nullable Member find(byte[] name, int from, int to) {
    int slot = slot(name, from, to);
    while (slots[slot] != null
        && !Arrays.equals(names[slot], 0, names[slot].length, name, from, to)) {
      slot = (slot + 1) % SLOTS;
    }
    return slots[slot];
  }

  private static int slot(byte[] name, int from, int to) {
    int hash = to - from;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + name[i];
    }
    return (hash ^ (hash >>> 8)) & (SLOTS - 1);
  }

  private static Map<String, Meaning> meanings(ApiKind api) {
    var meanings = new LinkedHashMap<String, Meaning>();
    meanings.put("model", MODEL);
    meanings.put("cache_salt", CACHE_SALT);
    meanings.put("priority", PRIORITY);
    meanings.put("mm_processor_kwargs", ROOT);
    meanings.put("add_special_tokens", ROOT);
    meanings.put("truncate_prompt_tokens", ROOT);
    meanings.put("vllm_xargs", XARGS);
    switch (api) {
      case CHAT -> {
        meanings.put("messages", MESSAGES);
        putStreaming(meanings);
        meanings.put("max_tokens", MAX_TOKENS);
        meanings.put("max_completion_tokens", MAX_COMPLETION_TOKENS);
        meanings.put("n", N);
        putTemplate(meanings);
        meanings.put("reasoning_effort", ROOT);
        putAnswer(meanings);
      }
      case COMPLETIONS -> {
        meanings.put("prompt", TEXT_OR_TOKENS);
        putStreaming(meanings);
        meanings.put("max_tokens", MAX_TOKENS);
        meanings.put("n", N);
        putAnswer(meanings);
      }
      case GENERATE -> {
        meanings.put("token_ids", TEXT_OR_TOKENS);
        putStreaming(meanings);
        meanings.put("sampling_params", SAMPLING);
        meanings.put("features", ROOT);
      }
      case SGLANG -> {
        meanings.put("input_ids", TEXT_OR_TOKENS);
        meanings.put("text", TEXT_OR_TOKENS);
        meanings.put("stream", STREAM);
        meanings.put("sampling_params", SAMPLING_EACH);
        meanings.put("extra_key", ROOT);
        meanings.put("image_data", ROOT);
        meanings.put("lora_path", ROOT);
      }
      case RESPONSES -> {
        meanings.put("instructions", HEAD);
        meanings.put("input", INPUT);
        meanings.put("stream", STREAM);
        meanings.put("max_output_tokens", MAX_TOKENS);
        meanings.put("previous_response_id", PREVIOUS_RESPONSE);
        meanings.put("tools", TOOLS);
        meanings.put("reasoning", ROOT);
        putAnswer(meanings);
      }
      case MESSAGES -> {
        meanings.put("system", HEAD);
        meanings.put("messages", MESSAGES);
        meanings.put("stream", STREAM);
        meanings.put("max_tokens", MAX_TOKENS);
        meanings.put("tools", TOOLS);
        meanings.put("chat_template_kwargs", ROOT);
        meanings.put("thinking", THINKING);
        putAnswer(meanings);
      }
      case EMBEDDINGS, OPAQUE -> {
        meanings.put("input", ANY_PROMPT);
        meanings.put("prompt", ANY_PROMPT);
        meanings.put("messages", ANY_PROMPT);
      }
    }
    return meanings;
  }

  /** Members that say what answer is wanted; unknown ones stay with the prompt. */
  private static void putAnswer(Map<String, Meaning> meanings) {
    meanings.put("logprobs", LOGPROBS);
    meanings.put("top_logprobs", LOGPROBS);
    meanings.put("prompt_logprobs", PROMPT_LOGPROBS);
    meanings.put("echo", ECHO);
    for (String name : ANSWER_MEMBERS) {
      meanings.putIfAbsent(name, ANSWER);
    }
  }

  private static void putStreaming(Map<String, Meaning> meanings) {
    meanings.put("stream", STREAM);
    meanings.put("stream_options", STREAM_OPTIONS);
  }

  private static void putTemplate(Map<String, Meaning> meanings) {
    meanings.put("tools", TOOLS);
    meanings.put("documents", ROOT_TEXT);
    meanings.put("chat_template", ROOT);
    meanings.put("chat_template_kwargs", ROOT);
  }
}
