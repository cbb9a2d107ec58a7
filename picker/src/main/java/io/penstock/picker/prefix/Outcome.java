package io.penstock.picker.prefix;

/** What became of a block when a slot was to be made its holder, or to be none any more. */
enum Outcome {
  /** Became a holder. */
  ADDED,
  /** Was a holder before. */
  HELD,
  /** There is no room. */
  REFUSED,
  /** Is no holder any more. */
  REMOVED,
  /** Still a holder, since it used the block and that was used lately. */
  TOUCHED,
  /** Was no holder, or there is no cell. */
  ABSENT,
  /** Begins a trail. */
  TRAIL
}
