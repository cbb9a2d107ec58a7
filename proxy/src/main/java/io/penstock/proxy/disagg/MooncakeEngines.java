package io.penstock.proxy.disagg;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The engines behind a pool's prefill pods, as their bootstrap servers name them. Thread-safe:
 * {@link #refresh} belongs to the control thread, which never waits for an answer; event loops
 * read.
 *
 * <p>A name is believed for {@link #TTL}, and no longer than until its pod leaves the pool or a
 * transfer from it failed: an engine that was restarted on the same address has another name.
 */
public final class MooncakeEngines implements AutoCloseable {

  /** How often they should be asked. */
  public static final Duration INTERVAL = Duration.ofSeconds(5);

  /** How long an answer is believed. */
  static final Duration TTL = Duration.ofSeconds(30);

  private static final int USUAL_PORT = 8_998;
  private static final int MOST_BYTES = 64 * 1024;
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final JsonFactory JSON = new JsonFactory();

  private final Supplier<PoolSnapshot> pool;
  private final LongSupplier nanoClock;

  /** Over HTTP/1.1 only: vLLM's servers log a warning each time they are offered another. */
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();

  private final Map<EndpointId, Engine> known = new ConcurrentHashMap<>();

  /** An engine's rank and name. */
  record Engine(String rank, String id, long learntNanos) {}

  /** Nothing is known yet. */
  public MooncakeEngines(Supplier<PoolSnapshot> pool, LongSupplier nanoClock) {
    this.pool = pool;
    this.nanoClock = nanoClock;
  }

  /** The engine behind the pod; null while it is not known. */
  @Nullable Engine of(Endpoint prefill) {
    var engine = known.get(prefill.id());
    boolean old = engine != null && nanoClock.getAsLong() - engine.learntNanos() > TTL.toNanos();
    return old ? null : engine;
  }

  /** A transfer from the pod failed: it is asked again before the next. */
  void doubt(Endpoint prefill) {
    known.remove(prefill.id());
  }

  /** Where the pod's bootstrap server is. */
  static String address(Endpoint prefill) {
    String host = prefill.spec().host();
    return "http://"
        + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
        + ":"
        + KvPort.of(prefill, USUAL_PORT);
  }

  /** Asks all prefill pods of the pool, and forgets those that have left. */
  public void refresh() {
    var snapshot = pool.get();
    known
        .keySet()
        .removeIf(
            id -> snapshot.endpoints().stream().noneMatch(endpoint -> endpoint.id().equals(id)));
    for (var endpoint : snapshot.endpoints()) {
      if (endpoint.spec().role() == Role.PREFILL && endpoint.accepts()) {
        ask(endpoint);
      }
    }
  }

  private void ask(Endpoint endpoint) {
    var request =
        HttpRequest.newBuilder(URI.create(address(endpoint) + "/query")).timeout(TIMEOUT).build();
    var _ =
        http.sendAsync(
                request,
                HttpResponse.BodyHandlers.limiting(
                    HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES))
            .thenAccept(
                answer -> {
                  var engine = answer.statusCode() == 200 ? first(answer.body()) : null;
                  if (engine != null) {
                    known.put(endpoint.id(), engine);
                  }
                });
  }

  /** The lowest rank's engine of {@code {"0": {"engine_id": "…"}, …}}; null when there is none. */
  private @Nullable Engine first(byte[] answer) {
    @Nullable String rank = null;
    @Nullable String id = null;
    try (JsonParser json = JSON.createParser(answer)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        if (json.nextToken() != JsonToken.START_OBJECT) {
          continue;
        }
        String named = engineId(json);
        boolean fits = name.matches("[0-9]{1,5}") && named.matches("[0-9A-Za-z_.:-]{1,128}");
        if (fits && (rank == null || Integer.parseInt(name) < Integer.parseInt(rank))) {
          rank = name;
          id = named;
        }
      }
    } catch (IOException e) {
      return null;
    }
    return rank == null || id == null ? null : new Engine(rank, id, nanoClock.getAsLong());
  }

  private static String engineId(JsonParser json) throws IOException {
    String id = "";
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      if (json.nextToken() == JsonToken.VALUE_STRING && name.equals("engine_id")) {
        id = json.getText();
      } else {
        json.skipChildren();
      }
    }
    return id;
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
