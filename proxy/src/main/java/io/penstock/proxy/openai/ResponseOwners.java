package io.penstock.proxy.openai;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.penstock.picker.pool.EndpointId;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which pod holds a stored response. vLLM keeps responses in the memory of the pod that made them,
 * so reading, cancelling or continuing one must go back there, and is for the API key alone that
 * made it. Thread-safe; bounded in entries, and forgets what nobody asked for in a while.
 */
public final class ResponseOwners {

  /**
   * Where a response lives.
   *
   * @param pool name of the pool
   * @param model the name that the client gave its model, null where the pod has the same
   * @param key name of the API key that it was made with, null where none is asked for
   */
  public record Owner(
      String pool, EndpointId endpoint, @Nullable String model, @Nullable String key) {}

  private final Cache<String, Owner> owners;

  /**
   * An empty map.
   *
   * @param entries most responses remembered
   * @param idle how long one is remembered after its last use
   */
  public ResponseOwners(int entries, Duration idle, Ticker ticker) {
    owners =
        Caffeine.newBuilder()
            .maximumSize(entries)
            .expireAfterAccess(idle)
            .ticker(ticker)
            .executor(Runnable::run)
            .build();
  }

  /**
   * Notes who made a response; ids that are not plain (and so cannot be asked for) are left out. A
   * response stays with the key that made it: clients may choose ids, and choose one of others'.
   */
  public void remember(String responseId, Owner owner) {
    if (RequestId.isPlain(responseId, 256)) {
      owners
          .asMap()
          .merge(
              responseId,
              owner,
              (known, made) -> Objects.equals(known.key(), made.key()) ? made : known);
    }
  }

  /**
   * Who made it, or null: {@link GatewayError#RESPONSE_NOT_FOUND}, also where another key did.
   *
   * @param key name of the API key that asks, null where none is asked for
   */
  public @Nullable Owner find(String responseId, @Nullable String key) {
    var owner = owners.getIfPresent(responseId);
    return owner != null && Objects.equals(owner.key(), key) ? owner : null;
  }
}
