package io.penstock.controller.reconcile;

import java.util.regex.Pattern;

/** Which object of a kind. */
public record Key(String namespace, String name) {

  private static final Pattern POSSIBLE = Pattern.compile("[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?");

  /**
   * Whether an object can be called so. What users refer to may be anything; what it cannot be is
   * not there, and need not be asked for.
   */
  boolean isPossible() {
    return POSSIBLE.matcher(namespace).matches() && POSSIBLE.matcher(name).matches();
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
