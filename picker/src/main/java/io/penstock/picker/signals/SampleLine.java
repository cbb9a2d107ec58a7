package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One line of a Prometheus page, {@code name{label="value",…} number [timestamp]}, as positions in
 * the bytes it was read from. Reused from line to line; owned by one scanner.
 */
final class SampleLine {

  /** Labels beyond this number are passed over; vLLM's longest line has about 45. */
  private static final int MAX_LABELS = 128;

  private static final byte[] NO_BYTES = {};

  /** What is kept of a line from here on. */
  byte[] bytes = NO_BYTES;

  /** Place of its metric in {@link EngineMetrics}; -1 where nobody wants it. */
  int metric = -1;

  /** NaN where it is no finite number. */
  double value;

  private final int[] keyFrom = new int[MAX_LABELS];
  private final int[] keyTo = new int[MAX_LABELS];
  private final int[] valueFrom = new int[MAX_LABELS];
  private final int[] valueTo = new int[MAX_LABELS];
  private int labels;

  /**
   * Reads a line without its end. Only a wanted metric's labels and value are looked at.
   *
   * @return false when a wanted metric's line is malformed
   */
  boolean read(byte[] source, int from, int to, EngineMetrics metrics) {
    bytes = source;
    labels = 0;
    int at = from;
    while (at < to && source[at] != '{' && source[at] != ' ' && source[at] != '\t') {
      at++;
    }
    metric = metrics.indexOf(source, from, at);
    if (metric < 0) {
      return true;
    }
    if (at < to && source[at] == '{') {
      at = readLabels(at + 1, to);
      if (at < 0) {
        return false;
      }
    }
    int number = skipBlanks(at, to);
    int end = number;
    while (end < to && source[end] != ' ' && source[end] != '\t' && source[end] != '\r') {
      end++;
    }
    value = Decimals.parse(source, number, end);
    return true;
  }

  /** Index of the label of that name, -1 when the line has none. */
  int label(byte[] name) {
    for (int i = 0; i < labels; i++) {
      if (Arrays.equals(bytes, keyFrom[i], keyTo[i], name, 0, name.length)) {
        return i;
      }
    }
    return -1;
  }

  /** Whether the line has that label with that value. */
  boolean has(byte[] name, byte[] wanted) {
    int label = label(name);
    return label >= 0
        && Arrays.equals(bytes, valueFrom[label], valueTo[label], wanted, 0, wanted.length);
  }

  /** First byte of a label's value, inside the quotes, escapes not yet undone. */
  int valueFrom(int label) {
    return valueFrom[label];
  }

  /** End of a label's value. */
  int valueTo(int label) {
    return valueTo[label];
  }

  /** A label's value as a number; NaN when it is none, or the line has no such label. */
  double number(byte[] name) {
    int label = label(name);
    return label < 0 ? Double.NaN : Decimals.parse(bytes, valueFrom[label], valueTo[label]);
  }

  /** The names in a label value that lists them between commas. */
  static List<String> names(byte[] bytes, int from, int to) {
    List<String> names = new ArrayList<>();
    var name = new ByteArrayOutputStream();
    for (int at = from; at < to; at++) {
      byte next = bytes[at];
      if (next == '\\' && at + 1 < to) {
        at++;
        name.write(bytes[at] == 'n' ? '\n' : bytes[at]);
      } else if (next == ',') {
        addName(names, name);
      } else {
        name.write(next);
      }
    }
    addName(names, name);
    return names;
  }

  private static void addName(List<String> names, ByteArrayOutputStream name) {
    var text = name.toString(UTF_8).strip();
    name.reset();
    if (!text.isEmpty()) {
      names.add(text);
    }
  }

  /** Reads labels up to and with the closing brace; gives the position after it, or -1. */
  private int readLabels(int from, int to) {
    int at = skipBlanks(from, to);
    while (at < to && bytes[at] != '}') {
      int key = at;
      while (at < to && bytes[at] != '=' && bytes[at] != '}' && bytes[at] != '"') {
        at++;
      }
      if (at + 1 >= to || bytes[at] != '=' || bytes[at + 1] != '"') {
        return -1;
      }
      int text = at + 2;
      int end = closingQuote(text, to);
      if (end < 0) {
        return -1;
      }
      if (labels < MAX_LABELS) {
        keyFrom[labels] = key;
        keyTo[labels] = at;
        valueFrom[labels] = text;
        valueTo[labels] = end;
        labels++;
      }
      at = skipBlanks(end + 1, to);
      if (at < to && bytes[at] == ',') {
        at = skipBlanks(at + 1, to);
      }
    }
    return at < to ? at + 1 : -1;
  }

  private int closingQuote(int from, int to) {
    for (int at = from; at < to; at++) {
      if (bytes[at] == '\\') {
        at++;
      } else if (bytes[at] == '"') {
        return at;
      }
    }
    return -1;
  }

  private int skipBlanks(int from, int to) {
    int at = from;
    while (at < to && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at;
  }
}
