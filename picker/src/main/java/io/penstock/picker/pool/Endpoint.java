package io.penstock.picker.pool;

import java.util.List;

/**
 * One pod of the pool. Immutable; a change of the pod makes a new one with the same slot.
 *
 * @param slot small int that names the endpoint in every column of primitives (signals, in-flight
 *     counts, prefix index); given by {@link Pool}, reused only after everything of its last owner
 *     is forgotten
 * @param spec what the source said
 * @param models what the pod listed under {@code /v1/models}; empty until it has answered once
 */
public record Endpoint(int slot, EndpointSpec spec, List<ServedModel> models) {

  /** Highest number of slots in one pool: the prefix index keeps a slot in 14 bits. */
  public static final int MAX_SLOTS = 1 << 14;

  /** Copies the models. */
  public Endpoint {
    models = List.copyOf(models);
  }

  /** Identity of the pod. */
  public EndpointId id() {
    return spec.id();
  }

  /** {@code ip:port}, IPv6 in brackets. */
  public String address() {
    return address(spec.host(), spec.port());
  }

  /** The same host at another port. */
  public String addressAt(int port) {
    return address(spec.host(), port);
  }

  /** Whether new requests may go there as far as the source knows. */
  public boolean accepts() {
    return !spec.terminating();
  }

  /** Whether the pod listed this model; false too while it has listed nothing yet. */
  public boolean serves(String model) {
    for (int i = 0; i < models.size(); i++) {
      if (models.get(i).id().equals(model)) {
        return true;
      }
    }
    return false;
  }

  static String address(String host, int port) {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
