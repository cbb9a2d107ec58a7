package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import java.util.Map;

/**
 * An endpoint, or the name of several, as configuration states it. Immutable.
 *
 * @param host IP literal, IPv6 without brackets, or a DNS name
 * @param port 1..65535
 * @param role which legs the endpoints get
 * @param labels given to the endpoints
 */
public record EndpointAddress(String host, int port, Role role, Map<String, String> labels) {

  /** Copies the labels. */
  public EndpointAddress {
    labels = Map.copyOf(labels);
  }

  /**
   * Reads {@code host:port}, an IPv6 address in brackets.
   *
   * @throws DiscoveryException when it is not that
   */
  public static EndpointAddress parse(String text, Role role, Map<String, String> labels) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0 || colon == text.length() - 1) {
      throw bad(text, "write host:port, for example 10.0.0.7:8000 or [fd00::7]:8000");
    }
    var host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
      if (!IpLiteral.isIpv6(host)) {
        throw bad(text, "what stands in brackets is not an IPv6 address");
      }
    } else if (host.indexOf(':') >= 0) {
      throw bad(text, "write an IPv6 address in brackets, for example [fd00::7]:8000");
    } else if (!IpLiteral.isIpv4(host) && !isName(host)) {
      throw bad(text, "the host is neither an IP address nor a DNS name");
    }
    return new EndpointAddress(host, port(text, text.substring(colon + 1)), role, labels);
  }

  /** Whether the host is an IP address, so that nothing has to be resolved. */
  public boolean isLiteral() {
    return IpLiteral.is(host);
  }

  /** The endpoint behind one IP address of this host. */
  EndpointSpec at(String ip) {
    var plain = EndpointSpec.of(ip, port, role);
    return new EndpointSpec(plain.id(), plain.name(), ip, port, role, labels, false);
  }

  private static int port(String text, String digits) {
    if (digits.length() <= 5 && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      int port = Integer.parseInt(digits);
      if (port >= 1 && port <= 65_535) {
        return port;
      }
    }
    throw bad(text, "the port is not in 1..65535");
  }

  /** Letters, digits, dashes, underscores and dots; the last label is not a number. */
  private static boolean isName(String host) {
    if (host.length() > 253
        || host.startsWith(".")
        || host.contains("..")
        || !host.chars().allMatch(EndpointAddress::isNameCharacter)) {
      return false;
    }
    var last = host.substring(host.lastIndexOf('.', host.length() - 2) + 1);
    return !last.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
  }

  private static boolean isNameCharacter(int c) {
    return c == '-'
        || c == '_'
        || c == '.'
        || (c >= '0' && c <= '9')
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z');
  }

  private static DiscoveryException bad(String text, String reason) {
    return new DiscoveryException("endpoint address \"" + text + "\": " + reason);
  }
}
