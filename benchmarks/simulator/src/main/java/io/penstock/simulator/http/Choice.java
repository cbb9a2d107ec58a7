package io.penstock.simulator.http;

import io.penstock.simulator.engine.FinishReason;
import io.penstock.simulator.json.JsonWriter;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One choice of an answer as it grows: its text, where a stop string cuts it, and why it ended.
 * Confined to the pod's event loop.
 *
 * <p>As in vLLM, text that could be the beginning of a stop string is held back until it is known
 * not to be one; the tokens it came with are told of at once, with an empty text.
 */
final class Choice {

  private final int index;
  private final int[] prompt;
  private final List<String> stops;
  private final int held; // characters that may still turn out to belong to a stop string
  private final StringBuilder text = new StringBuilder();

  private int[] tokenIds = new int[16];
  private int tokens;
  private int delivered;
  private int cachedTokens;
  private @Nullable String finish;
  private @Nullable String stopReason;
  private @Nullable String transferParams;

  Choice(int index, int[] prompt, List<String> stops) {
    this.index = index;
    this.prompt = prompt;
    this.stops = stops;
    this.held = stops.stream().mapToInt(String::length).max().orElse(1) - 1;
  }

  /** Adds a token and its text; false when a stop string ended the choice. */
  boolean add(int tokenId, String piece) {
    if (tokens == tokenIds.length) {
      tokenIds = Arrays.copyOf(tokenIds, tokens * 2);
    }
    tokenIds[tokens++] = tokenId;
    int from = Math.max(delivered, text.length() - held);
    text.append(piece);
    for (String stop : stops) {
      int at = text.indexOf(stop, from);
      if (at >= 0) {
        text.setLength(at);
        stopReason = stop;
        return false;
      }
    }
    return true;
  }

  /** The blocks of its prompt are held: what another pod is told to find them. */
  void handOut(String params) {
    transferParams = params;
  }

  /** Writes {@code kv_transfer_params}. */
  void writeTransferParams(JsonWriter out) {
    if (transferParams == null) {
      out.nulls("kv_transfer_params");
    } else {
      out.name("kv_transfer_params").raw(transferParams);
    }
  }

  /** Writes {@code kv_transfer_params} where there are any. */
  void writeHandedOut(JsonWriter out) {
    if (transferParams != null) {
      writeTransferParams(out);
    }
  }

  void scheduled(int cached) {
    cachedTokens = cached;
  }

  void finish(FinishReason reason) {
    finish =
        switch (reason) {
          case STOP -> "stop";
          case LENGTH -> "length";
          case ABORT -> "abort";
        };
  }

  /** The text that may go out and has not yet. */
  String takeDelta() {
    int end = finish == null ? Math.max(delivered, text.length() - held) : text.length();
    String delta = text.substring(delivered, end);
    delivered = end;
    return delta;
  }

  int index() {
    return index;
  }

  int promptTokens() {
    return prompt.length;
  }

  int[] promptTokenIds() {
    return prompt;
  }

  int completionTokens() {
    return tokens;
  }

  int[] tokenIds() {
    return Arrays.copyOf(tokenIds, tokens);
  }

  int lastTokenId() {
    return tokenIds[tokens - 1];
  }

  int cachedTokens() {
    return cachedTokens;
  }

  String text() {
    return text.toString();
  }

  boolean isFinished() {
    return finish != null;
  }

  /** Why it ended, in vLLM's words; {@code length} while it has not. */
  String finishReason() {
    return finish == null ? "length" : finish;
  }

  /** The stop string that ended it, if one did. */
  @Nullable String stopReason() {
    return stopReason;
  }
}
