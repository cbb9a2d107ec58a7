package io.penstock.cli;

import io.penstock.picker.replica.RedisAddress;
import io.penstock.picker.replica.ReplicaSettings;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of {@code penstock picker} by which replicas tell each other what they send. */
final class ReplicaOptions {

  @Option(
      names = "--replicas-redis",
      paramLabel = "URL",
      description =
          "Redis or Valkey through which replicas tell each other what they send: "
              + RedisAddress.ALLOWED)
  private @Nullable String redis;

  @Option(
      names = "--replicas-password-file",
      paramLabel = "FILE",
      description = "its password, read at each connection")
  private @Nullable Path passwordFile;

  @Option(
      names = "--replicas-ca",
      paramLabel = "FILE",
      description = "authorities of its certificate in PEM, with rediss:// (default: Java's)")
  private @Nullable Path ca;

  @Option(
      names = "--replicas-channel",
      paramLabel = "NAME",
      description =
          "beginning of the channels' names; replicas with the same one hear each other (default:"
              + " ${DEFAULT-VALUE})")
  private String channel = ReplicaSettings.CHANNEL;

  /**
   * What the flags say; empty where replicas tell each other nothing.
   *
   * @throws IllegalArgumentException when they do not fit each other
   */
  Optional<ReplicaSettings> settings() {
    if (redis == null) {
      if (passwordFile != null || ca != null) {
        throw new IllegalArgumentException(
            (ca == null ? "--replicas-password-file" : "--replicas-ca")
                + " is of no use without --replicas-redis");
      }
      return Optional.empty();
    }
    try {
      var address = RedisAddress.parse(redis);
      if (ca != null && !address.tls()) {
        throw new IllegalArgumentException("--replicas-ca has no use without TLS");
      }
      return Optional.of(new ReplicaSettings(address, passwordFile, ca, channel));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--replicas-redis does not fit: " + e.getMessage() + "; allowed: " + RedisAddress.ALLOWED,
          e);
    }
  }
}
