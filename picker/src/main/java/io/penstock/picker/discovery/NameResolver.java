package io.penstock.picker.discovery;

import java.time.Duration;
import java.util.List;

/** Asks for the addresses of a name. Thread-safe; may block. */
public interface NameResolver {

  /** The answer to one question. */
  sealed interface Answer {}

  /**
   * The name has these addresses.
   *
   * @param addresses IP literals, A and AAAA in any order, perhaps none
   * @param timeToLive how long the answer holds
   */
  record Addresses(List<String> addresses, Duration timeToLive) implements Answer {

    /** Copies the list. */
    public Addresses {
      addresses = List.copyOf(addresses);
    }
  }

  /**
   * The name does not exist, or nobody could be asked.
   *
   * @param reason for people
   */
  record Unresolved(String reason) implements Answer {}

  /** Asks. */
  Answer resolve(String name);
}
