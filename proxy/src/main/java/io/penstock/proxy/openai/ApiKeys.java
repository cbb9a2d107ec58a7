package io.penstock.proxy.openai;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.penstock.picker.config.ConfigError;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the gateway: static keys, known only as salted hashes. Thread-safe; the entries are
 * one immutable value in a volatile field, replaced when their file changes.
 *
 * <p>Each entry has a salt of its own, so an unknown key costs one SHA-256 per entry (some 0.2 µs
 * each, 1 µs for the longest key; at most {@link KeyFile#MAX_ENTRIES}), and every entry is compared
 * whether or not one before it matched. A key that was good once is found again through a bounded
 * cache, by a hash with a secret of this process: one SHA-256 whatever the number of entries. No
 * key is kept or logged.
 */
public final class ApiKeys {

  /** What became of a check. */
  public sealed interface Verdict {
    /** The key is good. */
    record Allowed(ApiKey key) implements Verdict {}

    /** No key was sent: {@link GatewayError#INVALID_API_KEY}. */
    record Missing() implements Verdict {}

    /** The key is unknown or has expired: {@link GatewayError#INVALID_API_KEY}. */
    record Invalid() implements Verdict {}

    /** The key is good, but not for the model: {@link GatewayError#MODEL_NOT_ALLOWED}. */
    record ModelDenied(ApiKey key) implements Verdict {}
  }

  private static final Verdict MISSING = new Verdict.Missing();
  private static final Verdict INVALID = new Verdict.Invalid();
  private static final Verdict ANYBODY = new Verdict.Allowed(ApiKey.ANYBODY);
  private static final int LONGEST = 512;
  private static final int REMEMBERED = 10_000;
  private static final String BEARER = "Bearer ";

  private record Table(List<ApiKey> entries, Cache<ByteBuffer, ApiKey> seen) {}

  private final boolean on;
  private final byte[] secret = new byte[32];
  private final Supplier<Instant> clock;
  private volatile Table table;

  private ApiKeys(
      boolean on, List<ApiKey> entries, RandomGenerator random, Supplier<Instant> clock) {
    this.on = on;
    this.clock = clock;
    this.table = tableOf(entries);
    random.nextBytes(secret);
  }

  /** No authentication: everybody may use every model. */
  public static ApiKeys off() {
    return new ApiKeys(false, List.of(), RandomGenerator.getDefault(), () -> Instant.EPOCH);
  }

  /**
   * Keys from the text of a key file.
   *
   * @param random draws the secret of the cache; unpredictable in production
   * @param errors gets what is wrong; then the result lets nobody in
   */
  public static ApiKeys of(
      String file,
      String text,
      RandomGenerator random,
      Supplier<Instant> clock,
      List<ConfigError> errors) {
    return new ApiKeys(true, KeyFile.parse(file, text, errors), random, clock);
  }

  /**
   * An entry for the key file.
   *
   * @param name for logs and people
   * @param key what the client will send, at most 512 characters
   * @param random unpredictable in production
   * @return YAML, a list of one entry
   */
  public static String entryFor(String name, String key, RandomGenerator random) {
    if (key.length() > LONGEST) {
      throw new IllegalArgumentException("a key has at most " + LONGEST + " characters");
    }
    var salt = new byte[16];
    random.nextBytes(salt);
    var hex = HexFormat.of();
    var entry = new StringBuilder("- name: ");
    JsonText.quote(entry, name);
    return entry
        .append("\n  salt: ")
        .append('"')
        .append(hex.formatHex(salt))
        .append('"')
        .append("\n  sha256: ")
        .append('"')
        .append(hex.formatHex(Sha256.of(salt, key)))
        .append('"')
        .append('\n')
        .toString();
  }

  /** Whether keys are asked for at all. */
  public boolean isOn() {
    return on;
  }

  /**
   * Takes over a changed file, all of it or, if anything is wrong, nothing.
   *
   * @return what is wrong; empty when the file was taken over
   */
  public List<ConfigError> reload(String file, String text) {
    List<ConfigError> errors = new ArrayList<>();
    var entries = KeyFile.parse(file, text, errors);
    if (errors.isEmpty()) {
      table = tableOf(entries);
    }
    return errors;
  }

  /**
   * Whose key was sent. Called once the head is there, before a body is read.
   *
   * @param authorization the header, if sent
   * @param apiKey the {@code x-api-key} header, if sent; read where there is no bearer token
   */
  public Verdict check(@Nullable CharSequence authorization, @Nullable CharSequence apiKey) {
    if (!on) {
      return ANYBODY;
    }
    var key = presented(authorization, apiKey);
    if (key == null) {
      return MISSING;
    }
    var entry = key.length() > LONGEST ? null : find(key);
    return entry == null || entry.expiredAt(clock.get()) ? INVALID : new Verdict.Allowed(entry);
  }

  /** As above, and whether that key may use the model. */
  public Verdict check(
      @Nullable CharSequence authorization, @Nullable CharSequence apiKey, String model) {
    var verdict = check(authorization, apiKey);
    return verdict instanceof Verdict.Allowed(var key) && !key.allows(model)
        ? new Verdict.ModelDenied(key)
        : verdict;
  }

  private static @Nullable String presented(
      @Nullable CharSequence authorization, @Nullable CharSequence apiKey) {
    if (authorization != null) {
      var text = authorization.toString();
      if (text.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        var token = text.substring(BEARER.length()).strip();
        return token.isEmpty() ? null : token;
      }
    }
    return apiKey == null || apiKey.isEmpty() ? null : apiKey.toString();
  }

  private @Nullable ApiKey find(String key) {
    var now = table;
    var digest = ByteBuffer.wrap(Sha256.of(secret, key));
    var seen = now.seen.getIfPresent(digest);
    if (seen != null) {
      return seen;
    }
    ApiKey found = null;
    for (var entry : now.entries) {
      if (MessageDigest.isEqual(Sha256.of(entry.salt(), key), entry.sha256())) {
        found = entry;
      }
    }
    if (found != null) {
      now.seen.put(digest, found);
    }
    return found;
  }

  private static Table tableOf(List<ApiKey> entries) {
    return new Table(
        List.copyOf(entries),
        Caffeine.newBuilder().maximumSize(REMEMBERED).executor(Runnable::run).build());
  }
}
