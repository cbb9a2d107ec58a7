package io.penstock.picker.replica;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a connection to Redis begins with, read anew for each one, so that a changed address,
 * password or authority counts at the next.
 *
 * @param user of its ACL; null: the default one
 * @param password null: none is asked for
 * @param tls null: plain text
 */
record RedisLogin(
    InetSocketAddress address,
    @Nullable String user,
    @Nullable String password,
    @Nullable SslContext tls) {

  /**
   * Reads the files and resolves the name; blocks.
   *
   * @throws IOException when one of them cannot be had; the message says which
   */
  static RedisLogin read(ReplicaSettings settings) throws IOException {
    var redis = settings.redis();
    var password = password(settings.passwordFile());
    var tls = redis.tls() ? tls(settings.ca()) : null;
    var address = new InetSocketAddress(InetAddress.getByName(redis.host()), redis.port());
    return new RedisLogin(address, redis.user(), password, tls);
  }

  /**
   * Reads the files once, so that a wrong one is seen at the start.
   *
   * @throws IOException when one of them cannot be had; the message says which
   */
  static void check(ReplicaSettings settings) throws IOException {
    var _ = password(settings.passwordFile());
    if (settings.redis().tls()) {
      var _ = tls(settings.ca());
    }
  }

  private static @Nullable String password(@Nullable Path file) throws IOException {
    if (file == null) {
      return null;
    }
    try {
      var password = Files.readString(file).strip();
      if (password.isEmpty()) {
        throw new IOException("it is empty");
      }
      return password;
    } catch (IOException e) {
      throw new IOException("no password of Redis in " + file + ": " + e.getMessage(), e);
    }
  }

  private static SslContext tls(@Nullable Path ca) throws IOException {
    var builder =
        SslContextBuilder.forClient()
            .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .endpointIdentificationAlgorithm("HTTPS");
    try {
      if (ca != null) {
        builder.trustManager(ca.toFile());
      }
      return builder.build();
    } catch (IOException | IllegalArgumentException e) {
      throw new IOException("no TLS to Redis with " + ca + ": " + e.getMessage(), e);
    }
  }

  /** Says nothing of the password. */
  @Override
  public String toString() {
    return "RedisLogin[" + address + ", " + user + "]";
  }
}
