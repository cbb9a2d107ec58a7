package io.penstock.picker.signals;

/** What became of a metrics page. */
public enum PageVerdict {
  /** The page was whole and is that of an inference engine; the sample has been filled. */
  COMPLETE,
  /** The page ended within a line; the sample is as before. */
  TRUNCATED,
  /** The page was longer than the limit; the sample is as before. */
  TOO_LARGE,
  /** The page has nothing that the engine's would have; the sample is as before. */
  NO_ENGINE
}
