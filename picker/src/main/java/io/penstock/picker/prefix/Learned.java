package io.penstock.picker.prefix;

/**
 * What one {@link PrefixIndex#learn} brought, to be confirmed or taken back. Made by the index, and
 * its fields belong to whoever changes the index.
 */
public final class Learned {

  final int slot;
  final long[] keys;
  final int to;

  /**
   * First block that the endpoint did not hold before; {@code to} until it is known, and if none.
   */
  int first;

  /** Times that blocks had been taken from the slot by then. */
  long unlearns;

  Learned(int slot, long[] keys, int to) {
    this.slot = slot;
    this.keys = keys;
    this.to = to;
    this.first = to;
  }
}
