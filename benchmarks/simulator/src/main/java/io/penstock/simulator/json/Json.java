package io.penstock.simulator.json;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A JSON value. Immutable. */
public sealed interface Json {

  /** An object; the last of several fields with one name counts, as in Python. */
  record Obj(Map<String, Json> fields) implements Json {

    /** The field's value, or null when there is no such field or it is JSON null. */
    public @Nullable Json get(String name) {
      Json value = fields.get(name);
      return value instanceof Null ? null : value;
    }

    /** The field's text, or {@code otherwise} when it is absent, null or no string. */
    public String text(String name, String otherwise) {
      return get(name) instanceof Str text ? text.value() : otherwise;
    }

    /** The field's integer, or {@code otherwise} when it is absent, null or no number. */
    public long integer(String name, long otherwise) {
      return get(name) instanceof Num number ? (long) number.value() : otherwise;
    }

    /** Whether the field is {@code true}. */
    public boolean flag(String name) {
      return get(name) instanceof Bool flag && flag.value();
    }

    /** The field's items; empty when it is absent or no array. */
    public List<Json> items(String name) {
      return get(name) instanceof Arr array ? array.items() : List.of();
    }
  }

  /** An array. */
  record Arr(List<Json> items) implements Json {}

  /** A string. */
  record Str(String value) implements Json {}

  /** A number, integers up to 2^53 exact. */
  record Num(double value) implements Json {

    /** Whether the number has no fraction. */
    public boolean isInteger() {
      return value == Math.rint(value);
    }
  }

  /** A truth value. */
  record Bool(boolean value) implements Json {}

  /** JSON null. */
  record Null() implements Json {}
}
