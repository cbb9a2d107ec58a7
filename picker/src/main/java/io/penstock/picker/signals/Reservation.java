package io.penstock.picker.signals;

/**
 * One request's share of {@link InFlight}, returned exactly once. Confined to the event loop of its
 * column.
 */
public final class Reservation {

  private enum State {
    PREFILLING,
    DECODING,
    ENDED
  }

  private final InFlight inFlight;
  private final int column;
  private final int slot;
  private final int uncachedTokens;
  private final int contextTokens;
  private final int sentTokens;
  private State state = State.PREFILLING;
  private ReservationListener listener = ReservationListener.NONE;

  /**
   * Reserves.
   *
   * @param sentTokens of a KV cache that comes from another endpoint; -1: none comes
   */
  Reservation(
      InFlight inFlight,
      int column,
      int slot,
      int uncachedTokens,
      int contextTokens,
      int sentTokens) {
    if (uncachedTokens < 0 || contextTokens < 0) {
      throw new IllegalArgumentException(
          "tokens of a reservation: " + uncachedTokens + ", " + contextTokens);
    }
    this.inFlight = inFlight;
    this.column = column;
    this.slot = slot;
    this.uncachedTokens = uncachedTokens;
    this.contextTokens = contextTokens;
    this.sentTokens = sentTokens;
    inFlight.add(column, slot, uncachedTokens, contextTokens);
    if (sentTokens >= 0) {
      inFlight.addHandOver(column, slot, sentTokens);
    }
  }

  /** The endpoint's slot. */
  public int slot() {
    return slot;
  }

  /** Who hears from now on what becomes of it. */
  public void listen(ReservationListener value) {
    listener = value;
  }

  /** The first token came: the prefill is over. Later calls do nothing. */
  public void firstToken() {
    if (state == State.PREFILLING) {
      state = State.DECODING;
      inFlight.firstToken(column, slot, uncachedTokens);
      handedOver();
      listener.firstToken();
    }
  }

  /** The request ended or was aborted, whatever it had reached. Later calls do nothing. */
  public void end() {
    if (state == State.ENDED) {
      return;
    }
    if (state == State.PREFILLING) {
      inFlight.removePrefilling(column, slot, uncachedTokens, contextTokens);
      handedOver();
    } else {
      inFlight.removeDecoding(column, slot, contextTokens);
    }
    state = State.ENDED;
    listener.ended();
  }

  private void handedOver() {
    if (sentTokens >= 0) {
      inFlight.removeHandOver(column, slot, sentTokens);
    }
  }
}
