package io.penstock.picker.replica;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where a Redis or Valkey is.
 *
 * @param host name or IP literal, without brackets
 * @param tls whether TLS is spoken
 * @param user of its ACL; null: the default one
 */
public record RedisAddress(String host, int port, boolean tls, @Nullable String user) {

  /** For people: what {@link #parse} takes. */
  public static final String ALLOWED =
      "redis://host:port, or rediss:// for TLS; a user as user@host, no password";

  private static final int PORT = 6379;

  /**
   * Reads {@code redis://[user@]host[:port]}, or {@code rediss://} for TLS.
   *
   * @throws IllegalArgumentException if it is something else; with a password its message does not
   *     repeat the text
   */
  public static RedisAddress parse(String text) {
    URI url;
    try {
      url = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("it is no URL", e);
    }
    var user = url.getUserInfo();
    if (user != null && user.contains(":")) {
      throw new IllegalArgumentException("a password has its own file");
    }
    boolean tls = "rediss".equals(url.getScheme());
    boolean plain = "redis".equals(url.getScheme());
    boolean bare = !url.isOpaque() && (url.getPath().isEmpty() || url.getPath().equals("/"));
    var host = url.getHost();
    if (!(tls || plain) || host == null || !bare) {
      throw new IllegalArgumentException("it is not " + ALLOWED);
    }
    if (url.getQuery() != null || url.getFragment() != null || url.getPort() > 65_535) {
      throw new IllegalArgumentException("it is not " + ALLOWED);
    }
    var name = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    return new RedisAddress(name, url.getPort() < 0 ? PORT : url.getPort(), tls, user);
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return (tls ? "rediss://" : "redis://")
        + (user == null ? "" : user + "@")
        + (host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + port;
  }
}
