package io.penstock.picker.pool;

import java.util.Map;

/**
 * An endpoint as a discovery source describes it.
 *
 * @param id identity of the pod behind the address
 * @param name for people: pod name, else the address; never shown to clients
 * @param host IP literal, IPv4 or IPv6 without brackets; DNS is resolved by the source
 * @param port 1..65535
 * @param role which legs it may get
 * @param labels free key-value pairs from the source
 * @param terminating true while the pod shuts down: no new requests, running ones finish
 */
public record EndpointSpec(
    EndpointId id,
    String name,
    String host,
    int port,
    Role role,
    Map<String, String> labels,
    boolean terminating) {

  /** Checks the port and copies the labels. */
  public EndpointSpec {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port " + port + " of " + name + " is not in 1..65535");
    }
    labels = Map.copyOf(labels);
  }

  /** An endpoint known by its address alone. */
  public static EndpointSpec of(String host, int port, Role role) {
    var address = Endpoint.address(host, port);
    return new EndpointSpec(new EndpointId(address), address, host, port, role, Map.of(), false);
  }
}
