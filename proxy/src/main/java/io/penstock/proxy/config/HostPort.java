package io.penstock.proxy.config;

/**
 * A host and a port as people write them.
 *
 * @param host name or IP literal, without brackets
 */
record HostPort(String host, int port) {

  /**
   * Reads {@code host:port} or {@code [ipv6]:port}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  static HostPort parse(String text, int leastPort) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0 || colon == text.length() - 1) {
      throw new IllegalArgumentException(text);
    }
    var host = text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    boolean plain =
        host.chars().allMatch(c -> Character.isLetterOrDigit(c) || ".-_:%".indexOf(c) >= 0);
    int port = Integer.parseInt(text, colon + 1, text.length(), 10);
    if (host.isEmpty()
        || !plain
        || bracketed != (host.indexOf(':') >= 0)
        || text.charAt(colon + 1) == '+'
        || port < leastPort
        || port > 65_535) {
      throw new IllegalArgumentException(text);
    }
    return new HostPort(host, port);
  }

  @Override
  public String toString() {
    return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
  }
}
