package io.penstock.tools.conform;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** The data plane's word on which endpoints may be chosen. */
final class SubsetHint {

  /**
   * So often a hint is given, in no order: a picker that ignores it does not fit by chance, nor
   * where it takes endpoints in turn.
   */
  private static final int PICKS = 24;

  private static final long SEED = 20;

  /** Documentation addresses: no pool has them. */
  private static final List<String> NOBODY = List.of("192.0.2.1:1", "192.0.2.2:2");

  private SubsetHint() {}

  /** How a request tells of the endpoints that may be chosen. */
  private interface Hinting extends BiFunction<GatewayRequest, List<Destination>, GatewayRequest> {}

  private static GatewayRequest asList(GatewayRequest request, List<Destination> allowed) {
    return request.withHint(allowed.stream().map(Destination::toString).toList());
  }

  private static GatewayRequest asString(GatewayRequest request, List<Destination> allowed) {
    var names = allowed.stream().map(Destination::toString);
    return request.withHint(names.collect(Collectors.joining(",")));
  }

  private static GatewayRequest asAddress(GatewayRequest request, List<Destination> allowed) {
    return request.withHint(List.of(allowed.getFirst().ip()));
  }

  static Verdict limitsChats(Gateway gateway) throws InterruptedException {
    return limits(gateway, gateway.chat(), subsets(gateway), SubsetHint::asList);
  }

  static Verdict limitsRequestsWithoutBody(Gateway gateway) throws InterruptedException {
    var get = GatewayRequest.get("/v1/models");
    return limits(gateway, get, subsets(gateway), SubsetHint::asList);
  }

  static Verdict portCounts(Gateway gateway) throws InterruptedException {
    var ports = addresses(gateway, false).stream().filter(group -> group.size() > 1).findFirst();
    return ports.isEmpty()
        ? new Verdict.Skipped("no two endpoints of the pool share an address")
        : limits(gateway, gateway.chat(), oneByOne(ports.get()), SubsetHint::asList);
  }

  static Verdict addressStandsForItsPorts(Gateway gateway) throws InterruptedException {
    return limits(gateway, gateway.chat(), addresses(gateway, false), SubsetHint::asAddress);
  }

  static Verdict mayBeOneString(Gateway gateway) throws InterruptedException {
    return limits(gateway, gateway.chat(), subsets(gateway), SubsetHint::asString);
  }

  static Verdict mayBeIpv6(Gateway gateway) throws InterruptedException {
    var groups = addresses(gateway, true);
    return groups.isEmpty()
        ? new Verdict.Skipped("no endpoint of the pool is known to have an IPv6 address")
        : limits(gateway, gateway.chat(), groups, SubsetHint::asList);
  }

  /** Gives one subset after another as the hint. */
  private static Verdict limits(
      Gateway gateway, GatewayRequest request, List<List<Destination>> subsets, Hinting hinting)
      throws InterruptedException {
    if (gateway.endpoints().size() < 2 || subsets.isEmpty()) {
      return new Verdict.Skipped("the pool is not known to have two endpoints");
    }
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < PICKS; i++) {
      var allowed = subsets.get(random.nextInt(subsets.size()));
      var seen = gateway.ask(hinting.apply(request, allowed));
      var chosen = seen.destination();
      if (chosen.isEmpty() || !allowed.contains(chosen.get())) {
        return new Verdict.Failed(
            "one of " + allowed, chosen.map(Destination::toString).orElseGet(seen::toString));
      }
    }
    return new Verdict.Passed(PICKS + " picks of the subset");
  }

  /** Subsets of the pool: the endpoints of each address; where there is one only, each endpoint. */
  private static List<List<Destination>> subsets(Gateway gateway) throws InterruptedException {
    var addresses = addresses(gateway, false);
    return addresses.size() > 1 ? addresses : oneByOne(gateway.endpoints());
  }

  /** The endpoints of each address of one family. */
  private static List<List<Destination>> addresses(Gateway gateway, boolean ipv6)
      throws InterruptedException {
    Map<String, List<Destination>> byAddress = new LinkedHashMap<>();
    for (var endpoint : gateway.endpoints()) {
      if (endpoint.isIpv6() == ipv6) {
        byAddress.computeIfAbsent(endpoint.ip(), _ -> new ArrayList<>()).add(endpoint);
      }
    }
    return List.copyOf(byAddress.values());
  }

  private static List<List<Destination>> oneByOne(List<Destination> endpoints) {
    return endpoints.stream().map(List::of).toList();
  }

  static Verdict emptyIs503(Gateway gateway) throws InterruptedException {
    return is503(gateway.ask(gateway.chat().withHint(List.of())), "an empty list");
  }

  static Verdict noneEligibleIs503(Gateway gateway) throws InterruptedException {
    return is503(gateway.ask(gateway.chat().withHint(NOBODY)), "a list of strangers");
  }

  static Verdict withoutBodyIs503(Gateway gateway) throws InterruptedException {
    var get = GatewayRequest.get("/v1/models");
    var empty = is503(gateway.ask(get.withHint(List.of())), "an empty list");
    return empty instanceof Verdict.Failed
        ? empty
        : is503(gateway.ask(get.withHint(NOBODY)), "a list of strangers");
  }

  private static Verdict is503(Transcript seen, String hint) {
    return Verdict.of(seen.immediateStatus() == 503, "an immediate_response 503 to " + hint, seen);
  }
}
