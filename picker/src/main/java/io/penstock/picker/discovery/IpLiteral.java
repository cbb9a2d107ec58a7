package io.penstock.picker.discovery;

import java.net.Inet4Address;
import java.net.Inet6Address;

/** Tells IP addresses from names, without asking the DNS. Stateless. */
final class IpLiteral {

  private IpLiteral() {}

  /** Whether the text is an IPv4 or IPv6 address, without brackets or zone. */
  static boolean is(String text) {
    return isIpv4(text) || isIpv6(text);
  }

  /** Whether the text is four decimal numbers 0..255 with dots between them. */
  static boolean isIpv4(String text) {
    if (!text.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'))) {
      return false;
    }
    try {
      return text.split("\\.", -1).length == 4
          && Inet4Address.ofLiteral(text).getHostAddress().equals(text);
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }

  /** Whether the text is an IPv6 address. */
  static boolean isIpv6(String text) {
    if (text.indexOf(':') < 0 || text.indexOf('%') >= 0 || text.indexOf('[') >= 0) {
      return false;
    }
    try {
      var _ = Inet6Address.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }
}
