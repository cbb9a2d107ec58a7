package io.penstock.simulator.engine;

import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for a place in the batch, by priority, then by arrival.
 *
 * <p>Owned by an {@link Engine}. Linked through the sequences themselves, so that leaving from the
 * middle costs no search.
 */
final class WaitingQueue {

  private @Nullable Sequence first;
  private @Nullable Sequence last;
  private int size;

  int size() {
    return size;
  }

  @Nullable Sequence peek() {
    return first;
  }

  /** Adds a new arrival behind everything that is not less urgent. */
  void add(Sequence sequence) {
    Sequence before = last;
    while (before != null && before.request().priority() > sequence.request().priority()) {
      before = before.before;
    }
    insert(sequence, before);
  }

  /** Adds a preempted sequence in front of everything that is not more urgent. */
  void addFirst(Sequence sequence) {
    Sequence before = null;
    Sequence next = first;
    while (next != null && next.request().priority() < sequence.request().priority()) {
      before = next;
      next = next.behind;
    }
    insert(sequence, before);
  }

  void remove(Sequence sequence) {
    Sequence before = sequence.before;
    Sequence behind = sequence.behind;
    if (before == null) {
      first = behind;
    } else {
      before.behind = behind;
    }
    if (behind == null) {
      last = before;
    } else {
      behind.before = before;
    }
    sequence.before = null;
    sequence.behind = null;
    size--;
  }

  private void insert(Sequence sequence, @Nullable Sequence before) {
    Sequence behind = before == null ? first : before.behind;
    sequence.before = before;
    sequence.behind = behind;
    if (before == null) {
      first = sequence;
    } else {
      before.behind = sequence;
    }
    if (behind == null) {
      last = sequence;
    } else {
      behind.before = sequence;
    }
    size++;
  }
}
