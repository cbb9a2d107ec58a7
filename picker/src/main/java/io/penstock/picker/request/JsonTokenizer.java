package io.penstock.picker.request;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.picker.request.ScanResult.Kind;
import io.penstock.picker.request.ScanResult.Malformed;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON object (RFC 8259, strictly: UTF-8 without byte order mark, nothing after it) that
 * arrives in pieces cut anywhere, and tells a listener where values begin and end. Builds nothing
 * and keeps nothing of the text but names and strings the listener asks for.
 *
 * <p>Lone surrogates pass as {@code \\u} escapes, as they do in the engines' Python, but not as raw
 * bytes. Offsets count from the first byte of the body.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class JsonTokenizer {

  /** Digits of an integer that surely fits an int. */
  private static final int INT_DIGITS = 9;

  /** Longest member name that is reported. */
  static final int MAX_NAME_BYTES = 64;

  private final JsonListener listener;
  private final int maxTokens;
  private final JsonType[] open;
  private final JsonString string = new JsonString();
  private final JsonNumber number = new JsonNumber();
  private final StringCapture capture;

  private JsonState state = JsonState.START;
  private int depth;
  private int tokens;

  /** Whether the innermost container is an array of integers to be reported. */
  private boolean integers;

  /** Body offset of index 0 of the piece being read. */
  private int base;

  private boolean stringIsName;
  private boolean capturing;
  private int captureFrom;

  /** Whether the string captured began in an earlier piece. */
  private boolean captureSplit;

  private int stringAt;
  private JsonType literal = JsonType.NULL;
  private int literalAt;
  private @Nullable Malformed malformed;

  JsonTokenizer(ScanLimits limits, JsonListener listener) {
    this.listener = listener;
    maxTokens = limits.maxTokens();
    open = new JsonType[limits.maxNesting()];
    capture = new StringCapture(Math.max(MAX_NAME_BYTES, limits.maxNameBytes()));
  }

  void reset() {
    state = JsonState.START;
    depth = 0;
    tokens = 0;
    integers = false;
    capturing = false;
    malformed = null;
  }

  /**
   * Reads on.
   *
   * @param offset where {@code b[from]} stands in the body
   */
  void feed(byte[] b, int from, int to, int offset) {
    base = offset - from;
    captureFrom = from;
    captureSplit = true;
    int i = from;
    while (i < to) {
      switch (state) {
        case STRING -> i = string(b, i, to);
        case NUMBER -> i = number(b, i, to);
        case LITERAL -> literal(b[i], i++);
        case FAILED -> {
          return;
        }
        case START, VALUE, FIRST_ELEMENT, FIRST_NAME, NAME, COLON, AFTER_VALUE, END -> {
          if (integers) {
            i = integers(b, i, to);
          }
          if (state != JsonState.FAILED && !JsonBytes.isWhitespace(b[i])) {
            structure(b[i], i);
          }
          i++;
        }
      }
    }
    if (capturing) {
      capture.append(b, captureFrom, to);
    }
  }

  /** The body is over after {@code length} bytes: what is wrong with it, or null. */
  @Nullable Malformed finish(int length) {
    if (state != JsonState.END && state != JsonState.FAILED) {
      fail(Kind.INVALID_JSON, null, length, state.complaint + " at the end of the body");
    }
    return malformed;
  }

  boolean failed() {
    return state == JsonState.FAILED;
  }

  /** Whether the object has ended. */
  boolean ended() {
    return state == JsonState.END;
  }

  /** Ends the scan; the first complaint stays. */
  void fail(Kind kind, @Nullable String field, int at, String message) {
    if (state != JsonState.FAILED) {
      state = JsonState.FAILED;
      malformed = new Malformed(kind, field, at, message);
    }
  }

  /** Number of containers open around the value or name at hand. */
  int depth() {
    return depth;
  }

  /** Of the number that just ended. */
  JsonNumber number() {
    return number;
  }

  /** Asks, when a string begins, for its contents of up to {@code maxBytes}. */
  void captureString(int maxBytes) {
    capturing = true;
    capture.begin(maxBytes);
  }

  /** The string asked for, when it has ended. */
  StringCapture captured() {
    return capture;
  }

  private void structure(byte c, int i) {
    switch (state) {
      case START -> {
        if (c == '{') {
          value(c, i);
        } else {
          complain(i, "the body is not a JSON object");
        }
      }
      case VALUE -> value(c, i);
      case FIRST_ELEMENT -> {
        if (c == ']') {
          close(JsonType.ARRAY, i);
        } else {
          value(c, i);
        }
      }
      case FIRST_NAME -> {
        if (c == '}') {
          close(JsonType.OBJECT, i);
        } else {
          memberName(c, i);
        }
      }
      case NAME -> memberName(c, i);
      case COLON -> {
        if (c == ':') {
          state = JsonState.VALUE;
        } else {
          complain(i);
        }
      }
      case AFTER_VALUE -> afterValue(c, i);
      case END -> complain(i, "something follows the JSON object");
      case STRING, NUMBER, LITERAL, FAILED ->
          throw new AssertionError("not between tokens: " + state);
    }
  }

  private void value(byte c, int i) {
    switch (c) {
      case '{' -> open(JsonType.OBJECT, JsonState.FIRST_NAME, i);
      case '[' -> open(JsonType.ARRAY, JsonState.FIRST_ELEMENT, i);
      case '"' -> {
        beginString(false, i);
        begin(JsonType.STRING, JsonState.STRING, i);
      }
      case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> {
        number.begin(c);
        begin(JsonType.NUMBER, JsonState.NUMBER, i);
      }
      case 't' -> beginLiteral(JsonType.TRUE, i);
      case 'f' -> beginLiteral(JsonType.FALSE, i);
      case 'n' -> beginLiteral(JsonType.NULL, i);
      default -> complain(i, JsonState.VALUE.complaint);
    }
  }

  private void begin(JsonType type, JsonState next, int i) {
    state = next;
    countToken(i);
    listener.valueStart(type, base + i);
  }

  private void beginLiteral(JsonType type, int i) {
    literal = type;
    literalAt = 1;
    begin(type, JsonState.LITERAL, i);
  }

  private void open(JsonType type, JsonState next, int i) {
    if (depth == open.length) {
      fail(Kind.TOO_DEEP, null, base + i, "nested deeper than " + open.length + " levels");
      return;
    }
    begin(type, next, i);
    open[depth++] = type;
    integers = type == JsonType.ARRAY && listener.wantsIntegers();
  }

  private void close(JsonType type, int i) {
    depth--;
    integers = false;
    state = depth == 0 ? JsonState.END : JsonState.AFTER_VALUE;
    listener.valueEnd(type, base + i + 1);
  }

  private void afterValue(byte c, int i) {
    JsonType container = open[depth - 1];
    if (c == ',') {
      state = container == JsonType.OBJECT ? JsonState.NAME : JsonState.VALUE;
      if (depth == 1) {
        listener.comma(base + i);
      }
    } else if (c == (container == JsonType.OBJECT ? '}' : ']')) {
      close(container, i);
    } else {
      complain(i);
    }
  }

  private void memberName(byte c, int i) {
    if (c != '"') {
      complain(i, JsonState.NAME.complaint);
      return;
    }
    beginString(true, i);
    state = JsonState.STRING;
    countToken(i);
    if (listener.wantsName()) {
      captureString(MAX_NAME_BYTES);
    }
  }

  private void beginString(boolean isName, int i) {
    stringIsName = isName;
    stringAt = base + i;
    captureFrom = i + 1;
    captureSplit = false;
    string.begin();
  }

  /** Reads string contents up to the closing quote or the end of the piece. */
  private int string(byte[] b, int start, int to) {
    int i = string.read(b, start, to);
    String complaint = string.complaint();
    if (complaint != null) {
      complain(i, complaint);
    } else if (string.closed()) {
      endString(b, i);
      return i + 1;
    }
    return i;
  }

  private void endString(byte[] b, int i) {
    state = stringIsName ? JsonState.COLON : JsonState.AFTER_VALUE;
    if (!stringIsName) {
      if (capturing) {
        capturing = false;
        capture.append(b, captureFrom, i);
      }
      listener.valueEnd(JsonType.STRING, base + i + 1);
    } else if (capturing) {
      capturing = false;
      reportName(b, i);
    }
  }

  private void reportName(byte[] b, int end) {
    if (!captureSplit && !string.escaped()) {
      boolean tooLong = end - captureFrom > MAX_NAME_BYTES;
      listener.name(b, captureFrom, tooLong ? captureFrom : end, stringAt);
      return;
    }
    capture.append(b, captureFrom, end);
    byte[] name = capture.overflowed() ? new byte[0] : capture.text().getBytes(UTF_8);
    listener.name(name, 0, name.length > MAX_NAME_BYTES ? 0 : name.length, stringAt);
  }

  /** The byte after a number is left to be read as what it is. */
  private int number(byte[] b, int start, int to) {
    int i = number.skipIntegerDigits(b, start, to);
    while (i < to) {
      switch (number.step(b[i])) {
        case TAKEN -> i++;
        case ENDED -> {
          state = JsonState.AFTER_VALUE;
          listener.valueEnd(JsonType.NUMBER, base + i);
          return i;
        }
        case BROKEN -> {
          complain(i, "a number is not one by JSON's rules");
          return i;
        }
      }
    }
    return i;
  }

  /**
   * The shortcut for token ids: takes as many short integers with a comma after them as lie whole
   * in the piece, and leaves the next byte to the long way. Only where an element may begin.
   */
  private int integers(byte[] b, int start, int to) {
    if (state != JsonState.VALUE && state != JsonState.FIRST_ELEMENT) {
      return start;
    }
    int i = start;
    int last = to - INT_DIGITS - 2;
    while (i < last) {
      if (b[i] == ' ') {
        i++;
        continue;
      }
      int value = b[i] - '0';
      if (value < 1 || value > 9) {
        break;
      }
      int end = i + 1;
      while (end < i + INT_DIGITS && JsonBytes.isDigit(b[end])) {
        value = value * 10 + (b[end] - '0');
        end++;
      }
      if (b[end] != ',') {
        break;
      }
      state = JsonState.VALUE;
      countToken(i);
      listener.integer(value);
      i = end + 1;
      if (state == JsonState.FAILED) {
        break;
      }
    }
    return i;
  }

  private void literal(byte c, int i) {
    if (c != literal.literal().charAt(literalAt)) {
      complain(i, JsonState.VALUE.complaint);
    } else if (++literalAt == literal.literal().length()) {
      state = JsonState.AFTER_VALUE;
      listener.valueEnd(literal, base + i + 1);
    }
  }

  private void countToken(int i) {
    if (++tokens > maxTokens) {
      fail(Kind.TOO_MANY_TOKENS, null, base + i, "more than " + maxTokens + " JSON tokens");
    }
  }

  private void complain(int i) {
    complain(i, state.complaint);
  }

  private void complain(int i, String complaint) {
    fail(Kind.INVALID_JSON, null, base + i, complaint + " at byte " + (base + i));
  }
}
