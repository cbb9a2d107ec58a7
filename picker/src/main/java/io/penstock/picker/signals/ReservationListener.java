package io.penstock.picker.signals;

/** Hears what becomes of one {@link Reservation}, on the thread of its column; must not throw. */
public interface ReservationListener {

  /** Nobody wants to hear. */
  ReservationListener NONE =
      new ReservationListener() {
        @Override
        public void firstToken() {}

        @Override
        public void ended() {}
      };

  /** The prefill is over and it decodes; at most once, and before the end. */
  void firstToken();

  /** It has ended; once. */
  void ended();
}
