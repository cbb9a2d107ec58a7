package io.penstock.proxy.config;

import java.net.InetSocketAddress;

/**
 * Where a listener binds.
 *
 * @param host name or IP literal, without brackets
 * @param port 0..65535; 0 takes a free one
 */
public record ListenAddress(String host, int port) {

  /** Checks the port. */
  public ListenAddress {
    if (host.isEmpty() || port < 0 || port > 65_535) {
      throw new IllegalArgumentException("no address to listen on: " + host + ":" + port);
    }
  }

  /** Reads {@code host:port}, {@code [ipv6]:port} or, for all addresses, {@code :port}. */
  public static ListenAddress parse(String text) {
    var parts = HostPort.parse(text.startsWith(":") ? "0.0.0.0" + text : text, 0);
    return new ListenAddress(parts.host(), parts.port());
  }

  /** As the JDK has it; a host name is resolved here and now. */
  public InetSocketAddress toSocketAddress() {
    return new InetSocketAddress(host, port);
  }

  /** Whether only this machine can reach it. */
  public boolean isLoopback() {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  @Override
  public String toString() {
    return new HostPort(host, port).toString();
  }
}
