package io.penstock.picker.request;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Puts the name that a client gave its model in place of the engine's, in an answer that comes in
 * pieces cut anywhere. That name is the value of the member {@code model} of the answer's object or
 * of an event's; in the Responses API also of its {@code response}, in the Messages API of its
 * {@code message}. Whatever else is called {@code model}, such as in a tool's input, and all text
 * stay as they are; so does an answer that is no JSON object.
 *
 * <p>Confined to one event loop, one per answer. One pass, nothing is kept but the state, nothing
 * allocated per piece.
 */
public final class ModelRename {

  /** Takes what goes on, in order. */
  @FunctionalInterface
  public interface Sink {
    /** The next bytes; the array is borrowed for the time of the call. */
    void bytes(byte[] array, int start, int length);
  }

  /** Where in a line of an event stream. */
  private enum Line {
    FIELD,
    DATA,
    OTHER
  }

  /** What comes next in an object that is looked at. */
  private enum Next {
    KEY,
    COLON,
    VALUE,
    COMMA
  }

  private static final byte[] DATA = ascii("data:");
  private static final byte[] MODEL = ascii("model");
  private static final byte[] RESPONSE = ascii("response");
  private static final byte[] MESSAGE = ascii("message");

  private final byte[] name;
  private final boolean events;
  private final byte @Nullable [] holder;

  private Line line;
  private int lineBytes;

  /** Whether there is nothing more to look for in this object: it is over, or none. */
  private boolean passing;

  private int depth;
  private boolean inHolder;
  private Next next = Next.KEY;
  private boolean inString;
  private boolean escaped;

  private final byte[] key = new byte[RESPONSE.length];

  /** Bytes of the member's name so far; more than there is room for: it is not of interest. */
  private int keyBytes;

  private boolean readingKey;

  /** The engine's name passes by and goes no further. */
  private boolean dropping;

  /** Where the bytes begin that go on as they are. */
  private int from;

  /**
   * The renaming of one answer.
   *
   * @param name what stands for the model's name, a JSON string with its quotes; not changed
   * @param api says which objects hold the name
   * @param events whether the answer is a stream of server-sent events
   */
  public ModelRename(byte[] name, ApiKind api, boolean events) {
    this.name = name;
    this.events = events;
    this.holder =
        switch (api) {
          case RESPONSES -> RESPONSE;
          case MESSAGES -> MESSAGE;
          case CHAT, COMPLETIONS, GENERATE, SGLANG, EMBEDDINGS, OPAQUE -> null;
        };
    this.line = events ? Line.FIELD : Line.DATA;
  }

  /** Takes the next piece. */
  public void feed(byte[] piece, int start, int length, Sink sink) {
    int end = start + length;
    from = start;
    int i = start;
    while (i < end) {
      i = events ? event(piece, i, end, sink) : json(piece, i, sink, end);
    }
    if (!dropping && from < end) {
      sink.bytes(piece, from, end - from);
    }
  }

  /** Takes at least one byte; returns the index of the next. */
  private int event(byte[] b, int i, int end, Sink sink) {
    if (b[i] == '\n') {
      endLine(i);
      return i + 1;
    }
    if (lineBytes == 0 && b[i] == '\r') {
      return i + 1;
    }
    return switch (line) {
      case DATA -> json(b, i, sink, end);
      case FIELD -> {
        if (b[i] != DATA[lineBytes]) {
          line = Line.OTHER;
        } else if (lineBytes == DATA.length - 1) {
          line = Line.DATA;
        }
        lineBytes++;
        yield i + 1;
      }
      case OTHER -> {
        int at = i;
        while (at < end && b[at] != '\n') {
          at++;
        }
        yield at;
      }
    };
  }

  /** An event's data may go over several lines; it ends with an empty one. */
  private void endLine(int at) {
    if (dropping) {
      // No string goes over a line: this is no JSON.
      dropping = false;
      from = at;
    }
    if (lineBytes == 0) {
      passing = false;
      depth = 0;
      inHolder = false;
    }
    inString = false;
    readingKey = false;
    line = Line.FIELD;
    lineBytes = 0;
  }

  private int json(byte[] b, int i, Sink sink, int end) {
    if (passing) {
      return events ? toLineEnd(b, i, end) : end;
    }
    if (inString) {
      return string(b, i, end);
    }
    switch (b[i]) {
      case '"' -> beginString(b, i, sink);
      case '{' -> open(true);
      case '[' -> open(false);
      case '}', ']' -> close();
      case ',' -> {
        if (looking()) {
          next = Next.KEY;
        }
      }
      case ':' -> {
        if (looking() && next == Next.COLON) {
          next = Next.VALUE;
        }
      }
      case ' ', '\t', '\r', '\n' -> {}
      default -> passing = depth == 0;
    }
    return i + 1;
  }

  private static int toLineEnd(byte[] b, int from, int end) {
    int i = from;
    while (i < end && b[i] != '\n') {
      i++;
    }
    return i;
  }

  /** Whether the innermost object may have the name. */
  private boolean looking() {
    return depth == 1 || (depth == 2 && inHolder);
  }

  private void open(boolean object) {
    if (depth == 0) {
      passing = !object;
      next = Next.KEY;
    } else if (depth == 1 && object && next == Next.VALUE && isKey(holder)) {
      inHolder = true;
      next = Next.KEY;
    }
    depth++;
  }

  private void close() {
    depth--;
    if (depth <= 0) {
      passing = true;
    } else if (depth == 1) {
      inHolder = false;
      next = Next.COMMA;
    }
  }

  private void beginString(byte[] b, int i, Sink sink) {
    if (depth == 0) {
      passing = true;
      return;
    }
    inString = true;
    escaped = false;
    if (!looking()) {
      return;
    }
    if (next == Next.KEY) {
      readingKey = true;
      keyBytes = 0;
    } else if (next == Next.VALUE && isKey(MODEL)) {
      if (from < i) {
        sink.bytes(b, from, i - from);
      }
      sink.bytes(name, 0, name.length);
      dropping = true;
    }
  }

  private int string(byte[] b, int from, int end) {
    int i = from;
    if (!escaped && !readingKey) {
      i = JsonBytes.skipPlain(b, i, end);
      if (i == end) {
        return i;
      }
    }
    byte c = b[i];
    if (c == '\n' && events) {
      return i;
    }
    if (escaped) {
      escaped = false;
    } else if (c == '\\') {
      escaped = true;
    } else if (c == '"') {
      endString(i);
      return i + 1;
    }
    if (readingKey) {
      if (keyBytes < key.length) {
        key[keyBytes] = c;
      }
      keyBytes++;
    }
    return i + 1;
  }

  private void endString(int i) {
    inString = false;
    if (readingKey) {
      readingKey = false;
      next = Next.COLON;
      return;
    }
    if (dropping) {
      dropping = false;
      from = i + 1;
    }
    if (looking()) {
      next = Next.COMMA;
    }
  }

  private boolean isKey(byte @Nullable [] wanted) {
    return wanted != null
        && keyBytes == wanted.length
        && Arrays.equals(key, 0, keyBytes, wanted, 0, wanted.length);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
