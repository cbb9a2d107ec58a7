package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.signals.ResponseEvents;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Finds where events of a server-sent-event stream end, and the few events that mean something to a
 * gateway, in payload that comes in any split. Confined to the exchange's event loop.
 *
 * <p>An event ends with an empty line; lines end with LF or CRLF (a stream with bare CR has no end
 * here, and none of the engines sends one). Only the first bytes of a line are looked at, and kept
 * across reads; nothing is allocated per event.
 */
final class EventScanner {

  private static final int PREFIX_BYTES = 40;
  private static final int MAX_ERROR_BYTES = 64 * 1024;
  private static final byte[] DATA = ascii("data:");
  private static final byte[] EVENT = ascii("event:");
  private static final byte[] DONE = ascii("[DONE]");
  private static final byte[] ERROR_OBJECT = ascii("{\"error\"");
  private static final byte[][] LAST_EVENTS = {
    ascii("message_stop"),
    ascii("response.completed"),
    ascii("response.failed"),
    ascii("response.incomplete"),
  };

  private static final byte[][] ANNOUNCEMENTS =
      ResponseEvents.ANNOUNCEMENTS.stream().map(EventScanner::ascii).toArray(byte[][]::new);
  private static final byte[] ERROR_EVENT = ascii("error");

  private static final ByteArrayOutputStream NOTHING = new ByteArrayOutputStream(0);

  private final byte[] prefix = new byte[PREFIX_BYTES];
  private int prefixLength;
  private long lineLength;
  private boolean atEventEnd = true;
  private boolean eventHasData;
  private boolean errorEvent;
  private boolean announcement;
  private int events;
  private int announcements;
  private boolean done;
  private boolean lastEvent;
  private boolean errorSeen;
  private boolean collecting;
  private ByteArrayOutputStream firstError = NOTHING;

  /**
   * Scans payload.
   *
   * @return index behind the last event that ended in it, or -1 when none did
   */
  int scan(ByteBuf buffer, int start, int end) {
    int lastEnd = -1;
    for (int at = start; at < end; ) {
      atEventEnd = false;
      int newline = buffer.indexOf(at, end, (byte) '\n');
      int stop = newline < 0 ? end : newline;
      take(buffer, at, stop);
      if (newline < 0) {
        break;
      }
      if (lineLength == 0 || (lineLength == 1 && prefix[0] == '\r')) {
        endEvent();
        lastEnd = newline + 1;
      } else {
        endLine();
      }
      prefixLength = 0;
      lineLength = 0;
      at = newline + 1;
    }
    return lastEnd;
  }

  private void take(ByteBuf buffer, int from, int to) {
    lineLength += to - from;
    int at = from;
    int wanted = Math.min(to - from, PREFIX_BYTES - prefixLength);
    if (wanted > 0) {
      buffer.getBytes(at, prefix, prefixLength, wanted);
      prefixLength += wanted;
      at += wanted;
      if (collecting) {
        firstError.write(prefix, prefixLength - wanted, wanted);
      } else if (events == 0 && firstError.size() == 0 && isErrorData()) {
        collecting = true;
        firstError = new ByteArrayOutputStream(512);
        firstError.write(prefix, 0, prefixLength);
      }
    }
    for (; collecting && at < to && firstError.size() < MAX_ERROR_BYTES; at++) {
      firstError.write(buffer.getByte(at));
    }
  }

  private boolean isErrorData() {
    int value = valueStart(DATA);
    return value >= 0 && (errorEvent || startsWith(value, ERROR_OBJECT));
  }

  private void endLine() {
    collecting = false;
    int data = valueStart(DATA);
    if (data >= 0) {
      eventHasData = true;
      done |= startsWith(data, DONE);
      errorSeen |= startsWith(data, ERROR_OBJECT);
      return;
    }
    int event = valueStart(EVENT);
    if (event >= 0) {
      errorEvent = isValue(event, ERROR_EVENT);
      announcement = isOneOf(event, ANNOUNCEMENTS);
      lastEvent |= isOneOf(event, LAST_EVENTS);
    }
  }

  private void endEvent() {
    atEventEnd = true;
    if (eventHasData) {
      events++;
      announcements += announcement ? 1 : 0;
      errorSeen |= errorEvent;
    }
    eventHasData = false;
    errorEvent = false;
    announcement = false;
  }

  private int valueStart(byte[] field) {
    if (!startsWith(0, field)) {
      return -1;
    }
    int at = field.length;
    return at < prefixLength && prefix[at] == ' ' ? at + 1 : at;
  }

  private boolean startsWith(int at, byte[] wanted) {
    if (prefixLength - at < wanted.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (prefix[at + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  private boolean isOneOf(int at, byte[][] wanted) {
    for (var value : wanted) {
      if (isValue(at, value)) {
        return true;
      }
    }
    return false;
  }

  private boolean isValue(int at, byte[] wanted) {
    long length =
        lineLength - (prefix[(int) Math.min(lineLength, PREFIX_BYTES) - 1] == '\r' ? 1 : 0);
    return length - at == wanted.length && startsWith(at, wanted);
  }

  /** Whether what was scanned so far ends with an event. */
  boolean atEventEnd() {
    return atEventEnd;
  }

  /** Events with data that have ended. */
  int events() {
    return events;
  }

  /** Of these, events that are more than an announcement of a response: tokens and their like. */
  int generated() {
    return events - announcements;
  }

  /** Whether {@code data: [DONE]} came. */
  boolean done() {
    return done;
  }

  /** Whether an event came that ends a stream of the Responses or the Messages API. */
  boolean lastEvent() {
    return lastEvent;
  }

  /** Whether an error event came. */
  boolean errorSeen() {
    return errorSeen;
  }

  /** Whether the first event is an error. */
  boolean firstIsError() {
    return firstError.size() > 0 && events > 0;
  }

  /** Data of the first event, if that is an error. */
  byte[] firstError() {
    byte[] line = firstError.toByteArray();
    int at = DATA.length;
    if (at < line.length && line[at] == ' ') {
      at++;
    }
    int end = line.length;
    while (end > at && line[end - 1] == '\r') {
      end--;
    }
    return at >= line.length ? new byte[0] : Arrays.copyOfRange(line, at, end);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
