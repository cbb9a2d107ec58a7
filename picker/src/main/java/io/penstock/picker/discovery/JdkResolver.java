package io.penstock.picker.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.time.Duration;
import java.util.Arrays;

/**
 * The system's resolver through {@link InetAddress}: hosts file, search domains and all that the
 * host is set up with. Thread-safe; blocks, so it belongs on a thread of its own.
 *
 * <p>It does not learn the records' time to live, so every answer is said to hold as long as the
 * caller asks for, 5 s if nothing else. The JDK keeps answers itself (30 s good ones, 10 s bad
 * ones), which would make asking again pointless: {@link #create(Duration)} sets the security
 * properties {@code networkaddress.cache.ttl} and {@code networkaddress.cache.negative.ttl} to 1 s
 * unless the operator has set them, which takes effect when no name has been resolved in this JVM
 * before.
 */
public final class JdkResolver implements NameResolver {

  private static final Duration USUAL_TIME_TO_LIVE = Duration.ofSeconds(5);
  private static final String DEFAULT_NEGATIVE_SECONDS = "10";

  private final Duration timeToLive;

  private JdkResolver(Duration timeToLive) {
    this.timeToLive = timeToLive;
  }

  /** A resolver whose answers hold 5 s. */
  public static JdkResolver create() {
    return create(USUAL_TIME_TO_LIVE);
  }

  /**
   * A resolver whose answers are not older than the JDK's cache makes them.
   *
   * @param timeToLive how long an answer is said to hold
   */
  public static JdkResolver create(Duration timeToLive) {
    if (Security.getProperty("networkaddress.cache.ttl") == null) {
      Security.setProperty("networkaddress.cache.ttl", "1");
    }
    // The JDK's own security file sets this one.
    var negative = Security.getProperty("networkaddress.cache.negative.ttl");
    if (negative == null || negative.equals(DEFAULT_NEGATIVE_SECONDS)) {
      Security.setProperty("networkaddress.cache.negative.ttl", "1");
    }
    return new JdkResolver(timeToLive);
  }

  @Override
  public Answer resolve(String name) {
    try {
      var addresses =
          Arrays.stream(InetAddress.getAllByName(name))
              .map(InetAddress::getHostAddress)
              .filter(address -> address.indexOf('%') < 0)
              .toList();
      return new Addresses(addresses, timeToLive);
    } catch (UnknownHostException e) {
      return new Unresolved(name + " cannot be resolved");
    }
  }
}
