package io.penstock.picker.replica;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How replicas find each other.
 *
 * @param redis where all of them connect
 * @param passwordFile file with the password, read at each connection; null: none is asked for
 * @param ca authorities in PEM of a Redis with TLS, read at each connection; null: those of the
 *     Java runtime
 * @param channel beginning of the names of the channels, {@code channel:pool}; replicas of the same
 *     channel and pool hear each other
 */
public record ReplicaSettings(
    RedisAddress redis, @Nullable Path passwordFile, @Nullable Path ca, String channel) {

  /** Beginning of the names of channels where nothing else is said. */
  public static final String CHANNEL = "penstock";
}
