package io.penstock.picker.request;

/**
 * State of one JSON number being read, a byte at a time. Confined to the event loop of its
 * tokenizer.
 */
final class JsonNumber {

  private enum State {
    MINUS(false),
    ZERO(true),
    INTEGER(true),
    POINT(false),
    FRACTION(true),
    E(false),
    E_SIGN(false),
    EXPONENT(true);

    final boolean complete;

    State(boolean complete) {
      this.complete = complete;
    }
  }

  /** What a byte does to a number. */
  enum Step {
    TAKEN,
    /** The byte is not the number's, which is whole. */
    ENDED,
    /** The byte is not the number's, which lacks a digit, or has a needless leading zero. */
    BROKEN
  }

  private State state = State.ZERO;
  private boolean negative;
  private boolean integral;
  private long magnitude;

  /** Begins with a minus or a digit. */
  void begin(byte first) {
    negative = first == '-';
    integral = true;
    magnitude = negative ? 0 : first - '0';
    state = negative ? State.MINUS : first == '0' ? State.ZERO : State.INTEGER;
  }

  /** Takes as many digits as there are in front of the point; the index of the first other byte. */
  int skipIntegerDigits(byte[] b, int i, int to) {
    if (state != State.INTEGER) {
      return i;
    }
    while (i < to && JsonBytes.isDigit(b[i])) {
      addDigit(b[i]);
      i++;
    }
    return i;
  }

  Step step(byte c) {
    return switch (state) {
      case MINUS -> digitOr(c, c == '0' ? State.ZERO : State.INTEGER, Step.BROKEN);
      case ZERO -> JsonBytes.isDigit(c) ? Step.BROKEN : pointOrE(c);
      case INTEGER -> JsonBytes.isDigit(c) ? digitOr(c, State.INTEGER, Step.BROKEN) : pointOrE(c);
      case POINT -> digitOr(c, State.FRACTION, Step.BROKEN);
      case FRACTION -> c == 'e' || c == 'E' ? pointOrE(c) : digitOr(c, State.FRACTION, Step.ENDED);
      case E -> {
        if (c == '+' || c == '-') {
          state = State.E_SIGN;
          yield Step.TAKEN;
        }
        yield digitOr(c, State.EXPONENT, Step.BROKEN);
      }
      case E_SIGN -> digitOr(c, State.EXPONENT, Step.BROKEN);
      case EXPONENT -> digitOr(c, State.EXPONENT, Step.ENDED);
    };
  }

  private Step digitOr(byte c, State next, Step otherwise) {
    if (!JsonBytes.isDigit(c)) {
      return otherwise;
    }
    switch (next) {
      case ZERO, INTEGER -> addDigit(c);
      case FRACTION -> integral &= c == '0';
      case MINUS, POINT, E, E_SIGN, EXPONENT -> {}
    }
    state = next;
    return Step.TAKEN;
  }

  private Step pointOrE(byte c) {
    if (c == '.') {
      state = State.POINT;
      return Step.TAKEN;
    }
    if (c == 'e' || c == 'E') {
      integral = false;
      state = State.E;
      return Step.TAKEN;
    }
    return state.complete ? Step.ENDED : Step.BROKEN;
  }

  private void addDigit(byte c) {
    magnitude = magnitude > (Long.MAX_VALUE - 9) / 10 ? Long.MAX_VALUE : magnitude * 10 + (c - '0');
  }

  /** Whether the number is written without exponent and with nothing but zeros as a fraction. */
  boolean integral() {
    return integral;
  }

  /** The number's integer part, or the nearest a long can hold. */
  long value() {
    return negative ? -magnitude : magnitude;
  }
}
