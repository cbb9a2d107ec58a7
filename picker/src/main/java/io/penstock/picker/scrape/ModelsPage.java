package io.penstock.picker.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.picker.pool.ServedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * A pod's answer to {@code GET /v1/models}. Immutable.
 *
 * @param models the entries in the pod's order, each with its own bytes; of entries with one id the
 *     first
 * @param fingerprint differs when an entry differs in a field other than {@code created} and {@code
 *     permission}, which vLLM makes up anew for every answer
 */
record ModelsPage(List<ServedModel> models, long fingerprint) {

  private static final JsonFactory JSON = new JsonFactory();
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /** Reads an answer; empty when it is not a list of models. */
  static Optional<ModelsPage> parse(byte[] bytes, int length) {
    try (var parser = JSON.createParser(bytes, 0, length)) {
      return new Reader(parser, bytes).read();
    } catch (IOException notJson) {
      return Optional.empty();
    }
  }

  private static final class Reader {
    private final JsonParser parser;
    private final byte[] bytes;
    private final List<ServedModel> models = new ArrayList<>();
    private final HashSet<String> ids = new HashSet<>();
    private long fingerprint = FNV_OFFSET;

    Reader(JsonParser parser, byte[] bytes) {
      this.parser = parser;
      this.bytes = bytes;
    }

    Optional<ModelsPage> read() throws IOException {
      boolean list = false;
      // Of text that is not UTF-8 the parser does not say where in the bytes it is.
      if (parser.nextToken() != JsonToken.START_OBJECT || tokenStart() < 0) {
        return Optional.empty();
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean data = parser.currentName().equals("data");
        var value = parser.nextToken();
        if (data && value == JsonToken.START_ARRAY) {
          list = true;
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            entry();
          }
          if (parser.currentToken() != JsonToken.END_ARRAY) {
            return Optional.empty();
          }
        } else {
          parser.skipChildren();
        }
      }
      boolean whole = parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
      return list && whole ? Optional.of(new ModelsPage(models, fingerprint)) : Optional.empty();
    }

    /** One entry of the list; one without an id is passed over. */
    private void entry() throws IOException {
      int from = tokenStart();
      String id = "";
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        var field = parser.currentName();
        var value = parser.nextToken();
        int valueFrom = tokenStart();
        if (field.equals("id") && value == JsonToken.VALUE_STRING) {
          id = parser.getText();
        }
        parser.skipChildren();
        parser.finishToken();
        if (!field.equals("created") && !field.equals("permission")) {
          mix(field.getBytes(UTF_8), 0, field.length());
          mix(bytes, valueFrom, position());
        }
      }
      if (!id.isEmpty() && ids.add(id)) {
        models.add(new ServedModel(id, new String(bytes, from, position() - from, UTF_8)));
      }
    }

    private int tokenStart() {
      return (int) parser.currentTokenLocation().getByteOffset();
    }

    private int position() {
      return (int) parser.currentLocation().getByteOffset();
    }

    private void mix(byte[] source, int from, int to) {
      for (int at = from; at < to; at++) {
        fingerprint = (fingerprint ^ source[at]) * FNV_PRIME;
      }
      fingerprint = (fingerprint ^ 0xff) * FNV_PRIME;
    }
  }
}
