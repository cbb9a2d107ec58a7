package io.penstock.simulator.json;

import java.util.List;
import java.util.Map;

/**
 * Appends JSON to a text, compact and with fields in the order of the calls, escaping as Python
 * does with {@code ensure_ascii=False}. Confined to its maker; commas are placed by looking at the
 * last character, so no nesting state is kept.
 */
public final class JsonWriter {

  private static final String HEX = "0123456789abcdef";

  private final StringBuilder out;

  /** A writer that appends to {@code out}. */
  public JsonWriter(StringBuilder out) {
    this.out = out;
  }

  /** A writer with a text of its own. */
  public JsonWriter() {
    this(new StringBuilder(512));
  }

  /** Opens an object, as an item or as the value of the name just written. */
  public JsonWriter object() {
    comma();
    out.append('{');
    return this;
  }

  /** Closes an object. */
  public JsonWriter endObject() {
    out.append('}');
    return this;
  }

  /** Opens an array. */
  public JsonWriter array() {
    comma();
    out.append('[');
    return this;
  }

  /** Closes an array. */
  public JsonWriter endArray() {
    out.append(']');
    return this;
  }

  /** Writes a field's name; its value comes next. */
  public JsonWriter name(String name) {
    comma();
    quote(name);
    out.append(':');
    return this;
  }

  /** Writes a string. */
  public JsonWriter value(String value) {
    comma();
    quote(value);
    return this;
  }

  /** Writes an integer. */
  public JsonWriter value(long value) {
    comma();
    out.append(value);
    return this;
  }

  /** Writes a float, with a fraction even when it is whole. */
  public JsonWriter value(double value) {
    comma();
    out.append(value);
    return this;
  }

  /** Writes a truth value. */
  public JsonWriter value(boolean value) {
    comma();
    out.append(value);
    return this;
  }

  /** Writes null. */
  public JsonWriter nullValue() {
    comma();
    out.append("null");
    return this;
  }

  /** Writes JSON that is already text. */
  public JsonWriter raw(String json) {
    comma();
    out.append(json);
    return this;
  }

  /** Writes a tree. */
  public JsonWriter value(Json value) {
    switch (value) {
      case Json.Obj object -> {
        object();
        for (Map.Entry<String, Json> field : object.fields().entrySet()) {
          name(field.getKey()).value(field.getValue());
        }
        endObject();
      }
      case Json.Arr array -> {
        array();
        array.items().forEach(this::value);
        endArray();
      }
      case Json.Str text -> value(text.value());
      case Json.Num number when number.isInteger() -> value((long) number.value());
      case Json.Num number -> value(number.value());
      case Json.Bool flag -> value(flag.value());
      case Json.Null nothing -> nullValue();
    }
    return this;
  }

  /** Writes a field. */
  public JsonWriter field(String name, String value) {
    return name(name).value(value);
  }

  /** Writes a field. */
  public JsonWriter field(String name, long value) {
    return name(name).value(value);
  }

  /** Writes a field. */
  public JsonWriter field(String name, boolean value) {
    return name(name).value(value);
  }

  /** Writes fields that are null. */
  public JsonWriter nulls(String... names) {
    for (String name : names) {
      name(name).nullValue();
    }
    return this;
  }

  /** Writes a field with a list of integers. */
  public JsonWriter field(String name, int[] values) {
    name(name).array();
    for (int value : values) {
      value((long) value);
    }
    return endArray();
  }

  /** Writes a field with a list of strings. */
  public JsonWriter field(String name, List<String> values) {
    name(name).array();
    values.forEach(this::value);
    return endArray();
  }

  /** The text so far. */
  @Override
  public String toString() {
    return out.toString();
  }

  private void comma() {
    if (out.isEmpty()) {
      return;
    }
    switch (out.charAt(out.length() - 1)) {
      case '"', '}', ']', 'e', 'l', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' ->
          out.append(',');
      default -> {}
    }
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
