package io.penstock.picker.explain;

import java.util.ArrayList;
import java.util.List;

/** Where the request of a decision was sent. Its event loop adds, anyone reads. */
final class AttemptList {

  private volatile List<Attempt> attempts;

  /** A list that begins with those. */
  AttemptList(List<Attempt> attempts) {
    this.attempts = attempts;
  }

  /** Adds an attempt; true where it is the first. */
  boolean add(Attempt attempt) {
    var before = attempts;
    if (before.isEmpty()) {
      attempts = List.of(attempt);
      return true;
    }
    List<Attempt> after = new ArrayList<>(before);
    after.add(attempt);
    attempts = List.copyOf(after);
    return false;
  }

  /** In order, as far as they have begun. */
  List<Attempt> all() {
    return attempts;
  }
}
