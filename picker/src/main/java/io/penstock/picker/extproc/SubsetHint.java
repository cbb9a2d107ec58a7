package io.penstock.picker.extproc;

import io.netty.util.NetUtil;
import io.penstock.picker.pool.Endpoint;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints that the gateway allows for a request ({@code envoy.lb.subset_hint} / {@code
 * x-gateway-destination-endpoint-subset}). An entry is {@code ip} for all ports or {@code ip:port},
 * an IPv6 address in brackets where a port follows. An entry that is neither allows nothing; a hint
 * without entries allows nothing at all.
 */
final class SubsetHint implements Predicate<Endpoint> {

  /** Stands for all ports of an address. */
  private static final int ANY_PORT = 0;

  private final Map<String, Set<Integer>> portsByHost = new HashMap<>();

  /** Adds an entry, or several with commas between them. */
  void add(String entries) {
    int start = 0;
    while (start <= entries.length()) {
      int comma = entries.indexOf(',', start);
      int end = comma < 0 ? entries.length() : comma;
      addOne(entries.substring(start, end).strip());
      start = end + 1;
    }
  }

  private void addOne(String entry) {
    if (entry.isEmpty()) {
      return;
    }
    if (entry.charAt(0) == '[') {
      int close = entry.indexOf(']');
      if (close > 0 && close == entry.length() - 1) {
        put(entry.substring(1, close), ANY_PORT);
      } else if (close > 0 && entry.charAt(close + 1) == ':') {
        put(entry.substring(1, close), port(entry.substring(close + 2)));
      }
      return;
    }
    int colon = entry.indexOf(':');
    if (colon < 0 || entry.indexOf(':', colon + 1) >= 0) {
      put(entry, ANY_PORT);
    } else {
      put(entry.substring(0, colon), port(entry.substring(colon + 1)));
    }
  }

  private void put(String host, int port) {
    if (port >= 0) {
      portsByHost.computeIfAbsent(canonical(host), same -> new HashSet<>(2)).add(port);
    }
  }

  private static int port(String digits) {
    if (digits.isEmpty() || digits.length() > 5) {
      return -1;
    }
    int port = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      port = port * 10 + (c - '0');
    }
    return port == ANY_PORT ? -1 : port;
  }

  @Override
  public boolean test(Endpoint endpoint) {
    Set<Integer> ports = portsByHost.get(canonical(endpoint.spec().host()));
    return ports != null && (ports.contains(ANY_PORT) || ports.contains(endpoint.spec().port()));
  }

  /** The one spelling of an IPv6 address (RFC 5952); everything else is left as it is. */
  private static String canonical(String host) {
    if (host.indexOf(':') < 0) {
      return host;
    }
    var address = NetUtil.getByName(host, false);
    return address == null ? host : NetUtil.toAddressString(address);
  }

  /** The endpoint among {@code endpoints} at that {@code ip:port}, null if there is none. */
  static @Nullable Endpoint find(Iterable<Endpoint> endpoints, String address) {
    var hint = new SubsetHint();
    hint.add(address);
    for (var endpoint : endpoints) {
      if (hint.test(endpoint)) {
        return endpoint;
      }
    }
    return null;
  }
}
