package io.penstock.picker.extproc;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes a protobuf message; messages in it are written first and then put in. */
final class ProtoWriter {

  private static final int VARINT = 0;
  private static final int FIXED = 1;
  private static final int LENGTH = 2;

  private byte[] bytes = new byte[128];
  private int size;

  /** A number, a bool or an enum. */
  ProtoWriter number(int field, long value) {
    varint(((long) field << 3) | VARINT);
    varint(value);
    return this;
  }

  /** A bool that is true. */
  ProtoWriter yes(int field) {
    return number(field, 1);
  }

  /** A number with a fraction. */
  ProtoWriter decimal(int field, double value) {
    varint(((long) field << 3) | FIXED);
    room(Long.BYTES);
    long bits = Double.doubleToRawLongBits(value);
    for (int i = 0; i < Long.BYTES; i++) {
      bytes[size++] = (byte) (bits >>> (8 * i));
    }
    return this;
  }

  /** What another has written, as it is. */
  ProtoWriter all(byte[] written) {
    put(written, written.length);
    return this;
  }

  /** A string, or bytes that are text. */
  ProtoWriter text(int field, String text) {
    return bytes(field, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Bytes. */
  ProtoWriter bytes(int field, byte[] value) {
    varint(((long) field << 3) | LENGTH);
    varint(value.length);
    put(value, value.length);
    return this;
  }

  /** A message. */
  ProtoWriter message(int field, ProtoWriter inner) {
    varint(((long) field << 3) | LENGTH);
    varint(inner.size);
    put(inner.bytes, inner.size);
    return this;
  }

  /** Begins a field of so many bytes, which follow elsewhere. */
  ProtoWriter lengthOnly(int field, int length) {
    varint(((long) field << 3) | LENGTH);
    varint(length);
    return this;
  }

  /** What was written. */
  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  /** Bytes that a length takes. */
  static int varintSize(int value) {
    return Math.max(1, (38 - Integer.numberOfLeadingZeros(value)) / 7);
  }

  private void varint(long value) {
    room(10);
    long left = value;
    while ((left & ~0x7fL) != 0) {
      bytes[size++] = (byte) ((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    bytes[size++] = (byte) left;
  }

  private void put(byte[] from, int length) {
    room(length);
    System.arraycopy(from, 0, bytes, size, length);
    size += length;
  }

  private void room(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
    }
  }
}
