package io.penstock.tools.conform;

import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An endpoint as pickers name it. Immutable.
 *
 * @param ip an IPv4 address, or an IPv6 address without brackets as RFC 5952 writes it
 * @param port 1 to 65535
 */
public record Destination(String ip, int port) {

  private static final int HIGHEST_PORT = 65_535;

  /**
   * Parses {@code ip:port}; an IPv6 address stands in brackets.
   *
   * @throws IllegalArgumentException if it is not that
   */
  public static Destination parse(String text) {
    return tryParse(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "'" + text + "' is no endpoint, expected: ip:port or [ipv6]:port"));
  }

  private static Optional<Destination> tryParse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      return Optional.empty();
    }
    String host = text.substring(0, colon);
    int port = port(text.substring(colon + 1));
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String ip = bracketed ? host.substring(1, host.length() - 1) : host;
    boolean valid = bracketed ? NetUtil.isValidIpV6Address(ip) : NetUtil.isValidIpV4Address(ip);
    return valid && port > 0
        ? Optional.of(new Destination(bracketed ? canonical(ip) : ip, port))
        : Optional.empty();
  }

  /** Equal addresses have equal texts; one with a zone stays as it is. */
  private static String canonical(String ipv6) {
    return ipv6.contains("%") ? ipv6 : NetUtil.toAddressString(NetUtil.getByName(ipv6));
  }

  /** Whether it is {@code ip:port}, or several joined by commas and nothing else. */
  static boolean isList(String value) {
    return List.of(value.split(",", -1)).stream().allMatch(each -> tryParse(each).isPresent());
  }

  /** The endpoints in a value; what is none is left out. */
  static List<Destination> among(String value) {
    List<Destination> found = new ArrayList<>();
    for (String each : value.split(",", -1)) {
      tryParse(each.strip()).ifPresent(found::add);
    }
    return found;
  }

  /** A port from 1 to 65535; -1 if the text is none. */
  static int port(String digits) {
    if (digits.isEmpty()
        || digits.length() > 5
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return -1;
    }
    int port = Integer.parseInt(digits);
    return port >= 1 && port <= HIGHEST_PORT ? port : -1;
  }

  boolean isIpv6() {
    return ip.contains(":");
  }

  @Override
  public String toString() {
    return isIpv6() ? "[" + ip + "]:" + port : ip + ":" + port;
  }
}
