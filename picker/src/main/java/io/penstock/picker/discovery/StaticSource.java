package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import java.util.HashSet;
import java.util.List;
import java.util.function.Consumer;

/** Endpoints that configuration lists by IP address; they never change. Immutable. */
public final class StaticSource implements DiscoverySource {

  private final List<EndpointSpec> endpoints;

  /**
   * Checks the list.
   *
   * @throws DiscoveryException when a host is a name, for which there is {@link DnsSource}, or an
   *     endpoint is listed twice
   */
  public StaticSource(List<EndpointAddress> addresses) {
    var seen = new HashSet<EndpointId>();
    endpoints = addresses.stream().map(address -> address.at(literal(address))).toList();
    for (var endpoint : endpoints) {
      if (!seen.add(endpoint.id())) {
        throw new DiscoveryException("endpoint " + endpoint.id() + " is listed twice");
      }
    }
  }

  @Override
  public void start(Consumer<PoolDelta> deltas) {
    deltas.accept(new PoolDelta(endpoints, List.of()));
  }

  @Override
  public String problem() {
    return "";
  }

  @Override
  public void close() {}

  private static String literal(EndpointAddress address) {
    if (!address.isLiteral()) {
      throw new DiscoveryException(
          "endpoint \"" + address.host() + "\" is a name, not an IP address; resolve it by dns");
    }
    return address.host();
  }
}
