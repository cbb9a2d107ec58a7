package io.penstock.picker.extproc;

import java.nio.charset.StandardCharsets;

/**
 * Walks the fields of a protobuf message in place, without building objects: {@link #next} goes to
 * a field, then exactly one of {@link #enter}, {@link #span}, {@link #varint} and {@link #skip}
 * takes its value. Confined to its maker.
 *
 * @see <a href="https://protobuf.dev/programming-guides/encoding/">the encoding</a>
 */
final class ProtoReader {

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH = 2;
  private static final int FIXED32 = 5;

  private final byte[] bytes;
  private int at;
  private int end;
  private int field;
  private int type;
  private int spanStart;
  private int spanLength;

  ProtoReader(byte[] bytes) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Goes to the next field of the message entered last; false at its end. */
  boolean next() {
    if (at >= end) {
      return false;
    }
    long tag = readVarint();
    field = (int) (tag >>> 3);
    type = (int) tag & 7;
    if (field <= 0 || tag >>> 32 != 0) {
      throw new MalformedMessage("a field's number is not in 1..2^29-1");
    }
    return true;
  }

  /** Number of the field. */
  int field() {
    return field;
  }

  /** Goes into the field, which is a message; returns what {@link #leave} wants. */
  int enter() {
    int length = length();
    int outer = end;
    end = at + length;
    return outer;
  }

  /** Goes out of the message entered last, behind its end. */
  void leave(int outer) {
    at = end;
    end = outer;
  }

  /** Takes the field, which is bytes or a string; {@link #spanStart} says where it is. */
  void span() {
    spanLength = length();
    spanStart = at;
    at += spanLength;
  }

  /** Where the span taken last begins. */
  int spanStart() {
    return spanStart;
  }

  /** Bytes of the span taken last. */
  int spanLength() {
    return spanLength;
  }

  /** The span taken last as text. */
  String text() {
    return text(spanStart, spanLength);
  }

  /** Bytes of the message as text. */
  String text(int start, int length) {
    return new String(bytes, start, length, StandardCharsets.UTF_8);
  }

  /** Whether the span taken last is this ASCII text. */
  boolean is(byte[] text) {
    return is(text, spanStart, spanLength);
  }

  /** Whether those bytes of the message are this ASCII text. */
  boolean is(byte[] text, int start, int length) {
    if (length != text.length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[start + i] != text[i]) {
        return false;
      }
    }
    return true;
  }

  /** The same, of a text in ASCII. */
  boolean is(String text, int start, int length) {
    if (length != text.length()) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[start + i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** A byte of the message. */
  byte at(int index) {
    return bytes[index];
  }

  /** Takes the field, which is a number, a bool or an enum. */
  long varint() {
    if (type != VARINT) {
      throw new MalformedMessage("field " + field + " is not a varint");
    }
    return readVarint();
  }

  /** Passes by the field, whatever it is. */
  void skip() {
    switch (type) {
      case VARINT -> {
        var _ = readVarint();
      }
      case FIXED64 -> forward(8);
      case LENGTH -> forward(length());
      case FIXED32 -> forward(4);
      default -> throw new MalformedMessage("wire type " + type);
    }
  }

  private int length() {
    if (type != LENGTH) {
      throw new MalformedMessage("field " + field + " has no length");
    }
    long length = readVarint();
    if (length < 0 || length > end - at) {
      throw new MalformedMessage("field " + field + " is longer than its message");
    }
    return (int) length;
  }

  private void forward(int count) {
    if (count > end - at) {
      throw new MalformedMessage("field " + field + " is longer than its message");
    }
    at += count;
  }

  private long readVarint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        break;
      }
      byte b = bytes[at++];
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new MalformedMessage("a number does not end");
  }
}
