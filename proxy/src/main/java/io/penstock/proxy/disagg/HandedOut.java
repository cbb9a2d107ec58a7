package io.penstock.proxy.disagg;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * What a prefill's answer says: where the transfer parameters are, byte for byte, and how many
 * tokens the prompt has. Immutable.
 *
 * @param start of the parameters' object in the answer, 0 where there is none
 * @param end behind it, 0 where there is none
 * @param promptTokens as the engine counted them, -1 if it did not say
 * @param cachedTokens those it had cached, -1 if it did not say
 */
record HandedOut(int start, int end, int promptTokens, int cachedTokens) {

  private static final JsonFactory JSON = new JsonFactory();

  /** Of an answer that says nothing. */
  static final HandedOut NOTHING = new HandedOut(0, 0, -1, -1);

  /** Whether there are parameters. */
  boolean any() {
    return end > 0;
  }

  /** Reads an answer; one that is not JSON hands out nothing. */
  static HandedOut of(byte[] answer, int length) {
    try (JsonParser json = JSON.createParser(answer, 0, length)) {
      return json.nextToken() == JsonToken.START_OBJECT ? read(json) : NOTHING;
    } catch (IOException e) {
      return NOTHING;
    }
  }

  private static HandedOut read(JsonParser json) throws IOException {
    int start = 0;
    int end = 0;
    var usage = new Usage();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (name.equals("kv_transfer_params") && value == JsonToken.START_OBJECT) {
        start = (int) json.currentTokenLocation().getByteOffset();
        json.skipChildren();
        end = (int) json.currentLocation().getByteOffset();
      } else if (name.equals("usage") && value == JsonToken.START_OBJECT) {
        usage.read(json);
      } else {
        json.skipChildren();
      }
    }
    return new HandedOut(start, end, usage.prompt(), usage.cached);
  }

  /** The counts of one answer; -1, or 0 for what others leave out, where there is none. */
  private static final class Usage {

    private int whole = -1;
    private int input = -1;
    private int cached = -1;

    /** What the Messages API counts beside its {@code input_tokens}. */
    private int apart;

    int prompt() {
      return whole >= 0 || input < 0 ? whole : input + apart;
    }

    void read(JsonParser json) throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String member = json.currentName();
        JsonToken count = json.nextToken();
        if (count == JsonToken.VALUE_NUMBER_INT) {
          switch (member) {
            case "prompt_tokens" -> whole = json.getIntValue();
            case "input_tokens" -> input = json.getIntValue();
            case "cache_read_input_tokens" -> {
              cached = json.getIntValue();
              apart += cached;
            }
            case "cache_creation_input_tokens" -> apart += json.getIntValue();
            default -> {}
          }
        } else if (count == JsonToken.START_OBJECT) {
          details(json);
        } else {
          json.skipChildren();
        }
      }
    }

    /** Reads {@code prompt_tokens_details} or {@code input_tokens_details}; of others, nothing. */
    private void details(JsonParser json) throws IOException {
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (json.nextToken() == JsonToken.VALUE_NUMBER_INT && name.equals("cached_tokens")) {
          cached = Math.max(cached, json.getIntValue());
        } else {
          json.skipChildren();
        }
      }
    }
  }
}
