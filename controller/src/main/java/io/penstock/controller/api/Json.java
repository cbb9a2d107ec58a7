package io.penstock.controller.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * JSON text to trees and back, losing nothing: numbers with a fraction keep their digits, a member
 * that is there twice is an error. Thread-safe.
 */
public final class Json {

  /** Reads and writes trees; never reconfigured. */
  public static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final ObjectMapper SORTED =
      MAPPER
          .copy()
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .configure(JsonNodeFeature.WRITE_PROPERTIES_SORTED, true);

  private Json() {}

  /**
   * The tree of a JSON text.
   *
   * @throws IOException when it is not JSON; the message says where
   */
  public static JsonNode parse(byte[] text) throws IOException {
    return MAPPER.readTree(text);
  }

  /** The object that a text is; null when it is anything else, JSON or not. */
  public static @Nullable ObjectNode objectOrNull(String text) {
    try {
      return MAPPER.readTree(text) instanceof ObjectNode object ? object : null;
    } catch (JsonProcessingException _) {
      return null;
    }
  }

  /** The text of a tree, on one line, members in their order. */
  public static String text(JsonNode tree) {
    return write(MAPPER, tree);
  }

  /** The text of a tree, on one line, members sorted: equal trees have equal texts. */
  public static String canonical(JsonNode tree) {
    return write(SORTED, tree);
  }

  private static String write(ObjectMapper mapper, JsonNode tree) {
    try {
      return mapper.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree always has a text", e);
    }
  }
}
