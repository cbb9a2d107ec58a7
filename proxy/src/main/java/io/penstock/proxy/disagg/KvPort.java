package io.penstock.proxy.disagg;

import io.penstock.picker.pool.Endpoint;

/** Where an engine is dialled for its KV cache, beside where it is asked. Pure functions. */
final class KvPort {

  /** Label of an endpoint whose port is not the connector's usual one. */
  static final String LABEL = "penstock.io/kv-port";

  private KvPort() {}

  /** The label's port, or the usual one where there is no such label. */
  static int of(Endpoint endpoint, int usual) {
    var label = endpoint.spec().labels().get(LABEL);
    if (label == null || !label.matches("[0-9]{1,5}")) {
      return usual;
    }
    int port = Integer.parseInt(label);
    return port >= 1 && port <= 65_535 ? port : usual;
  }
}
