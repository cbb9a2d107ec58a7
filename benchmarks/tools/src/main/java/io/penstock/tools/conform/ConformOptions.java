package io.penstock.tools.conform;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is examined, and how. Immutable.
 *
 * @param target where the picker serves ext_proc
 * @param health where it serves gRPC health
 * @param emptyTarget the same kind of picker over a pool without a ready endpoint
 * @param plaintext ext_proc without TLS
 * @param healthPlaintext gRPC health without TLS
 * @param caFile PEM certificates the picker's is checked against; empty: any certificate will do,
 *     as gateways have it by default
 * @param model what chats ask for; one that the picker routes
 * @param endpoints every endpoint the picker may choose; empty: those it chooses are learned, and
 *     what only their list can show is skipped
 * @param timeout of each wait for an answer, 1 ms to 10 minutes
 */
public record ConformOptions(
    Address target,
    Address health,
    Optional<Address> emptyTarget,
    boolean plaintext,
    boolean healthPlaintext,
    Optional<Path> caFile,
    String model,
    List<Destination> endpoints,
    Duration timeout) {

  private static final Duration LONGEST = Duration.ofMinutes(10);

  /** Copies the list and checks the timeout. */
  public ConformOptions {
    endpoints = List.copyOf(endpoints);
    if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "the timeout is " + timeout + ", allowed: 1 ms to 10 minutes");
    }
  }

  /** A host, which may be a name, and a port from 1 to 65535. */
  public record Address(String host, int port) {

    /**
     * Parses {@code host:port}; an IPv6 host stands in brackets.
     *
     * @throws IllegalArgumentException if it is not that
     */
    public static Address parse(String text) {
      int colon = text.lastIndexOf(':');
      String host = colon < 0 ? "" : text.substring(0, colon);
      boolean bracketed = host.startsWith("[") && host.endsWith("]");
      String bare = bracketed ? host.substring(1, host.length() - 1) : host;
      int port = colon < 0 ? -1 : Destination.port(text.substring(colon + 1));
      if (bare.isEmpty() || port < 0 || (bare.contains(":") && !bracketed)) {
        throw new IllegalArgumentException(
            "'" + text + "' is no address, expected: host:port with a port from 1 to 65535");
      }
      return new Address(bare, port);
    }

    @Override
    public String toString() {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }
}
