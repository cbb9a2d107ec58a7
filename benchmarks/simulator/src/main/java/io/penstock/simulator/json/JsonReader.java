package io.penstock.simulator.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads one JSON document strictly into a tree. Used by one thread, once. */
public final class JsonReader {

  private static final int MAX_DEPTH = 200;
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNestingDepth(MAX_DEPTH)
                  .build())
          .build();
  private static final Json NULL = new Json.Null();
  private static final Json TRUE = new Json.Bool(true);
  private static final Json FALSE = new Json.Bool(false);

  private final String text;
  private final JsonParser parser;

  /** What was read last; null before the first token. */
  private @Nullable JsonToken last;

  /** Where it ended, in characters. */
  private int lastEnd;

  private JsonReader(String text) throws IOException {
    this.text = text;
    this.parser = FACTORY.createParser(text);
  }

  /** Parses the whole text; anything but white space after the value is an error. */
  public static Json parse(String text) throws JsonSyntaxException {
    try {
      var reader = new JsonReader(text);
      try (reader.parser) {
        Json value = reader.value(reader.next());
        if (reader.next() != null) {
          throw new JsonSyntaxException("Extra data", reader.lastEnd);
        }
        return value;
      } catch (JsonProcessingException e) {
        throw reader.explain();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a string cannot fail to be read", e);
    }
  }

  private @Nullable JsonToken next() throws IOException {
    JsonToken token = parser.nextToken();
    if (token != null) {
      if (token == JsonToken.VALUE_STRING) {
        parser.getTextLength();
      }
      last = token;
      lastEnd = (int) parser.currentLocation().getCharOffset();
    }
    return token;
  }

  private Json value(@Nullable JsonToken token) throws IOException, JsonSyntaxException {
    if (token == null) {
      throw explain();
    }
    return switch (token) {
      case START_OBJECT -> object();
      case START_ARRAY -> array();
      case VALUE_STRING -> new Json.Str(parser.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Json.Num(parser.getDoubleValue());
      case VALUE_TRUE -> TRUE;
      case VALUE_FALSE -> FALSE;
      case VALUE_NULL -> NULL;
      case FIELD_NAME, END_OBJECT, END_ARRAY, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
          throw explain();
    };
  }

  private Json object() throws IOException, JsonSyntaxException {
    Map<String, Json> fields = new LinkedHashMap<>();
    while (next() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      fields.put(name, value(next()));
    }
    return new Json.Obj(Collections.unmodifiableMap(fields));
  }

  private Json array() throws IOException, JsonSyntaxException {
    List<Json> items = new ArrayList<>();
    for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
      items.add(value(token));
    }
    return new Json.Arr(Collections.unmodifiableList(items));
  }

  /** What Python's decoder says of the first thing that could not be read. */
  private JsonSyntaxException explain() {
    int at = skipSpace(lastEnd);
    boolean inObject = parser.getParsingContext().inObject();
    if (last == JsonToken.FIELD_NAME) {
      if (at < text.length() && text.charAt(at) == ':') {
        at = skipSpace(at + 1);
      }
      return atValue(at);
    }
    boolean first = last == null || last == JsonToken.START_OBJECT || last == JsonToken.START_ARRAY;
    if (!first) {
      if (at >= text.length() || text.charAt(at) != ',') {
        return new JsonSyntaxException("Expecting ',' delimiter", at);
      }
      at = skipSpace(at + 1);
    }
    if (inObject && (at >= text.length() || text.charAt(at) != '"')) {
      return new JsonSyntaxException("Expecting property name enclosed in double quotes", at);
    }
    return atValue(at);
  }

  private JsonSyntaxException atValue(int at) {
    boolean string = at < text.length() && text.charAt(at) == '"';
    return new JsonSyntaxException(
        string ? "Unterminated string starting at" : "Expecting value", at);
  }

  private int skipSpace(int from) {
    int at = from;
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }
}
