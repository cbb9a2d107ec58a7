package io.penstock.picker.pool;

/**
 * Identity of one running pod, for as long as it runs: its uid where the source knows one, else its
 * address. A pod that is replaced on the same address by another uid inherits nothing.
 *
 * @param value not empty
 */
public record EndpointId(String value) {

  /** Checks that the id is not empty. */
  public EndpointId {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("an endpoint id is empty");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
