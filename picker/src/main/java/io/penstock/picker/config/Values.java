package io.penstock.picker.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of one plugin as they are in force: what the file gave and the defaults of the
 * rest, in the order of the definition. Immutable; of the types that the {@link Shape}s have.
 */
public final class Values {

  /**
   * One value.
   *
   * @param value String, Double, Long (times in nanoseconds), Boolean, List of String, Map of
   *     String, Values, or List of Values
   * @param given whether the file gave it
   */
  record Entry(Shape shape, Object value, boolean given) {}

  private final Map<String, Entry> entries;

  Values(Map<String, Entry> entries) {
    this.entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }

  Map<String, Entry> entries() {
    return entries;
  }

  /** Whether there is a value. */
  boolean has(String name) {
    return entries.containsKey(name);
  }

  private Object get(String name) {
    var entry = entries.get(name);
    if (entry == null) {
      throw new IllegalStateException("no parameter " + name);
    }
    return entry.value();
  }

  String text(String name) {
    return (String) get(name);
  }

  @Nullable String optionalText(String name) {
    return has(name) ? text(name) : null;
  }

  double number(String name) {
    return (Double) get(name);
  }

  long whole(String name) {
    return (Long) get(name);
  }

  int count(String name) {
    return Math.toIntExact(whole(name));
  }

  boolean flag(String name) {
    return (Boolean) get(name);
  }

  /** A time in nanoseconds. */
  long nanos(String name) {
    return (Long) get(name);
  }

  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    if (has(name)) {
      ((List<?>) get(name)).forEach(each -> texts.add((String) each));
    }
    return texts;
  }

  Map<String, String> textMap(String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (has(name)) {
      ((Map<?, ?>) get(name)).forEach((key, value) -> texts.put((String) key, (String) value));
    }
    return texts;
  }

  @Nullable Values group(String name) {
    return has(name) ? (Values) get(name) : null;
  }

  List<Values> groups(String name) {
    List<Values> groups = new ArrayList<>();
    if (has(name)) {
      ((List<?>) get(name)).forEach(each -> groups.add((Values) each));
    }
    return groups;
  }
}
