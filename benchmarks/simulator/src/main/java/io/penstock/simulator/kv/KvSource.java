package io.penstock.simulator.kv;

/**
 * Where a prompt's KV cache is. Immutable.
 *
 * @param host of the pod that has it
 * @param port it is dialled at
 * @param engineId the life of that pod; {@code -} where the connector names none
 * @param id of the prompt there
 * @param early whether the reader may come before the prompt is computed
 */
public record KvSource(String host, int port, String engineId, String id, boolean early) {

  /** Refuses what would break the lines between pods. */
  public KvSource {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " is not in 1..65535");
    }
    if (engineId.isBlank() || id.isBlank() || (engineId + id).matches("(?s).*\\s.*")) {
      throw new IllegalArgumentException("an id is empty or has spaces");
    }
  }
}
