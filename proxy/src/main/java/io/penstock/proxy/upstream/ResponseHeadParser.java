package io.penstock.proxy.upstream;

import io.penstock.proxy.upstream.ResponseHead.Framing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Reads one answer's head from its bytes, strictly: what two readers could read differently is an
 * error (RFC 9112 §2.2, §5, §6). Used once per head; confined to the event loop.
 */
final class ResponseHeadParser {

  private final byte[] bytes;
  private final boolean answersHead;
  private int at;
  private int[] lines = new int[4 * 16];
  private int lineCount;
  private int[] named = new int[2 * 4];
  private int namedCount;
  private int status;
  private boolean http10;
  private boolean close;
  private boolean keepAliveToken;
  private long length = -1;
  private boolean encoded;
  private boolean chunked;
  private boolean eventStream;
  private int retryAfter = -1;

  private ResponseHeadParser(byte[] bytes, boolean answersHead) {
    this.bytes = bytes;
    this.answersHead = answersHead;
  }

  /**
   * Parses a head.
   *
   * @param bytes from the status line up to and with the empty line; kept
   * @param answersHead whether the request was a HEAD, whose answer has no body
   */
  static ResponseHead parse(byte[] bytes, boolean answersHead) throws MalformedAnswer {
    return new ResponseHeadParser(bytes, answersHead).parse();
  }

  private ResponseHead parse() throws MalformedAnswer {
    statusLine();
    while (!(bytes[at] == '\r' && bytes[at + 1] == '\n')) {
      fieldLine();
    }
    dropNamedByConnection();
    if (encoded && length >= 0) {
      throw new MalformedAnswer("both Content-Length and Transfer-Encoding");
    }
    if (encoded && http10) {
      throw new MalformedAnswer("Transfer-Encoding in HTTP/1.0");
    }
    var framing = framing();
    boolean keepAlive = !close && (!http10 || keepAliveToken) && framing != Framing.UNTIL_CLOSE;
    return new ResponseHead(
        bytes, lines, lineCount, status, framing, length, keepAlive, eventStream, retryAfter);
  }

  private Framing framing() {
    if (answersHead || status < 200 || status == 204 || status == 304) {
      return Framing.NONE;
    }
    if (chunked) {
      return Framing.CHUNKED;
    }
    if (encoded || length < 0) {
      return Framing.UNTIL_CLOSE;
    }
    return length == 0 ? Framing.NONE : Framing.LENGTH;
  }

  private void statusLine() throws MalformedAnswer {
    if (!Ascii.startsWithIgnoreCase(bytes, 0, Math.min(bytes.length, 9), "http/1.1 ")
        && !Ascii.startsWithIgnoreCase(bytes, 0, Math.min(bytes.length, 9), "http/1.0 ")) {
      throw new MalformedAnswer("no HTTP/1 status line");
    }
    http10 = bytes[7] == '0';
    status = bytes.length < 13 ? -1 : (int) Ascii.number(bytes, 9, 12);
    if (status < 100 || (bytes[12] != ' ' && bytes[12] != '\r')) {
      throw new MalformedAnswer("no status code");
    }
    int end = lineEnd(9);
    at = end + 2;
  }

  private void fieldLine() throws MalformedAnswer {
    int start = at;
    int end = lineEnd(start);
    int colon = start;
    while (colon < end && Ascii.isToken(bytes[colon])) {
      colon++;
    }
    if (colon == start || colon == end || bytes[colon] != ':') {
      throw new MalformedAnswer("a header line without a plain name and a colon");
    }
    int valueStart = colon + 1;
    int valueEnd = end;
    while (valueStart < valueEnd && isBlank(bytes[valueStart])) {
      valueStart++;
    }
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) {
      valueEnd--;
    }
    field(start, colon, valueStart, valueEnd);
    at = end + 2;
  }

  /** Index of the CRLF that ends the line; bare CR or LF and NUL are errors. */
  private int lineEnd(int from) throws MalformedAnswer {
    for (int i = from; i < bytes.length - 1; i++) {
      byte b = bytes[i];
      if (b == '\r') {
        if (bytes[i + 1] == '\n') {
          return i;
        }
        throw new MalformedAnswer("a bare CR");
      }
      if (b == '\n' || b == 0) {
        throw new MalformedAnswer("a bare LF or a NUL");
      }
    }
    throw new MalformedAnswer("a line without an end");
  }

  private void field(int name, int colon, int value, int end) throws MalformedAnswer {
    switch (colon - name) {
      case 10 -> {
        if (is(name, colon, "connection")) {
          connection(value, end);
          return;
        }
        if (is(name, colon, "keep-alive")) {
          return;
        }
      }
      case 14 -> {
        if (is(name, colon, "content-length")) {
          contentLength(value, end);
          return;
        }
      }
      case 17 -> {
        if (is(name, colon, "transfer-encoding")) {
          transferEncoding(value, end);
          return;
        }
      }
      case 12 -> {
        if (is(name, colon, "content-type")) {
          eventStream = Ascii.startsWithIgnoreCase(bytes, value, end, "text/event-stream");
        } else if (is(name, colon, "x-request-id")) {
          return;
        }
      }
      case 11 -> {
        if (is(name, colon, "retry-after")) {
          long seconds = Ascii.number(bytes, value, end);
          retryAfter = seconds > 86_400 ? 86_400 : (int) seconds;
        }
      }
      default -> {
        if (is(name, colon, "server")
            || is(name, colon, "te")
            || is(name, colon, "trailer")
            || is(name, colon, "upgrade")
            || is(name, colon, "proxy-connection")
            || is(name, colon, "proxy-authenticate")) {
          return;
        }
      }
    }
    if (lineCount * 4 == lines.length) {
      lines = Arrays.copyOf(lines, lines.length * 2);
    }
    int line = 4 * lineCount++;
    lines[line] = name;
    lines[line + 1] = colon;
    lines[line + 2] = value;
    lines[line + 3] = end;
  }

  private void contentLength(int value, int end) throws MalformedAnswer {
    long parsed = Ascii.number(bytes, value, end);
    if (parsed < 0) {
      throw new MalformedAnswer("Content-Length is not a number");
    }
    if (length >= 0 && length != parsed) {
      throw new MalformedAnswer("two different Content-Length");
    }
    length = parsed;
  }

  private void transferEncoding(int value, int end) throws MalformedAnswer {
    if (encoded || !Ascii.equalsIgnoreCase(bytes, value, end, "chunked")) {
      throw new MalformedAnswer("Transfer-Encoding is not exactly 'chunked'");
    }
    encoded = true;
    chunked = true;
  }

  private void connection(int value, int end) {
    for (int start = value; start < end; ) {
      int comma = start;
      while (comma < end && bytes[comma] != ',') {
        comma++;
      }
      int from = start;
      int to = comma;
      while (from < to && isBlank(bytes[from])) {
        from++;
      }
      while (to > from && isBlank(bytes[to - 1])) {
        to--;
      }
      if (is(from, to, "close")) {
        close = true;
      } else if (is(from, to, "keep-alive")) {
        keepAliveToken = true;
      } else if (to > from) {
        if (namedCount * 2 == named.length) {
          named = Arrays.copyOf(named, named.length * 2);
        }
        named[2 * namedCount] = from;
        named[2 * namedCount++ + 1] = to;
      }
      start = comma + 1;
    }
  }

  private void dropNamedByConnection() {
    if (namedCount == 0) {
      return;
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < namedCount; i++) {
      names.add(
          new String(
                  bytes, named[2 * i], named[2 * i + 1] - named[2 * i], StandardCharsets.ISO_8859_1)
              .toLowerCase(Locale.ROOT));
    }
    int kept = 0;
    for (int i = 0; i < lineCount; i++) {
      int line = 4 * i;
      int nameStart = lines[line];
      int nameEnd = lines[line + 1];
      if (names.stream().noneMatch(name -> is(nameStart, nameEnd, name))) {
        System.arraycopy(lines, line, lines, 4 * kept++, 4);
      }
    }
    lineCount = kept;
  }

  private boolean is(int start, int end, String lower) {
    return Ascii.equalsIgnoreCase(bytes, start, end, lower);
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }
}
