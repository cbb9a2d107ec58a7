package io.penstock.picker.discovery.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/**
 * An API server on loopback that lists, watches, reads and writes over plain HTTP: resource
 * versions, label and name selectors, history that can be compacted, permissions that can be taken
 * away. Thread-safe: one lock guards everything, writers of watches wait on it.
 */
final class FakeApiServer implements AutoCloseable {

  private final Object lock = new Object();
  private final Map<String, TreeMap<String, HasMetadata>> collections = new HashMap<>();
  private final List<Event> history = new ArrayList<>();
  private final Map<String, Integer> lists = new HashMap<>();
  private final Map<String, Integer> watches = new HashMap<>();
  private final int port;
  private HttpServer server;
  private long version = 100;
  private long oldest = 100;
  private boolean forbidden;
  private String failing = "";

  /** Grows when running watches must end. */
  private int epoch;

  private CountDownLatch listGate = new CountDownLatch(0);

  /**
   * A change of one object.
   *
   * @param before null when it is new
   * @param after null when it is gone
   */
  private record Event(
      long version, String collection, HasMetadata before, HasMetadata after, String json) {}

  FakeApiServer() throws IOException {
    server = serve(0);
    port = server.getAddress().getPort();
  }

  private HttpServer serve(int onPort) throws IOException {
    var made =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), onPort), 0);
    made.createContext("/", this::answer);
    made.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    made.start();
    return made;
  }

  /** How a client finds this server; it does not speak WebSocket. */
  Config config() {
    return new ConfigBuilder(Config.empty())
        .withMasterUrl("http://127.0.0.1:" + port)
        .withNamespace("default")
        .withOnlyHttpWatches(true)
        .build();
  }

  /** From now on the kind is there, as when its CRD is installed. */
  void install(String collection) {
    synchronized (lock) {
      collections.putIfAbsent(collection, new TreeMap<>());
    }
  }

  /** Creates or replaces an object of an installed kind. */
  void put(String collection, HasMetadata object) {
    synchronized (lock) {
      version++;
      object.getMetadata().setResourceVersion(Long.toString(version));
      var name = object.getMetadata().getName();
      var before = collections.get(collection).put(name, object);
      record(new Event(version, collection, before, object, Serialization.asJson(object)));
    }
  }

  void delete(String collection, String name) {
    synchronized (lock) {
      version++;
      var before = collections.get(collection).remove(name);
      before.getMetadata().setResourceVersion(Long.toString(version));
      record(new Event(version, collection, before, null, Serialization.asJson(before)));
    }
  }

  private void record(Event event) {
    history.add(event);
    lock.notifyAll();
  }

  /** Cuts every watch and forgets the history, so that each watcher is answered 410. */
  void compact() {
    synchronized (lock) {
      version++;
      oldest = version;
      history.clear();
      cutWatches();
    }
  }

  /** Every request is answered 403, running watches end; or no longer. */
  void forbid(boolean now) {
    synchronized (lock) {
      forbidden = now;
      cutWatches();
    }
  }

  /** Every request that comes is answered 403, running watches go on; or no longer. */
  void forbidWhatComes(boolean now) {
    synchronized (lock) {
      forbidden = now;
    }
  }

  /** Every request for a collection is answered 500; empty for none. */
  void fail(String collection) {
    synchronized (lock) {
      failing = collection;
    }
  }

  private void cutWatches() {
    epoch++;
    lock.notifyAll();
  }

  /** Lists wait until the latch opens. */
  void holdLists(CountDownLatch gate) {
    synchronized (lock) {
      listGate = gate;
    }
  }

  /** How often a collection was listed. */
  int lists(String collection) {
    synchronized (lock) {
      return lists.getOrDefault(collection, 0);
    }
  }

  /** How many watches of a collection were allowed to begin. */
  int watches(String collection) {
    synchronized (lock) {
      return watches.getOrDefault(collection, 0);
    }
  }

  /** Goes away; what it knows stays. */
  void stop() {
    synchronized (lock) {
      cutWatches();
    }
    server.stop(0);
  }

  /** Comes back on the same port. */
  void startAgain() throws IOException {
    server = serve(port);
  }

  @Override
  public void close() {
    stop();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var query = query(exchange.getRequestURI());
      var collection = exchange.getRequestURI().getPath();
      boolean watch = "true".equals(query.get("watch"));
      if (!watch) {
        CountDownLatch gate;
        synchronized (lock) {
          lists.merge(collection, 1, Integer::sum);
          gate = listGate;
        }
        gate.await();
      }
      int refusal;
      synchronized (lock) {
        refusal =
            collection.equals(failing) ? 500 : forbidden ? 403 : isKnown(collection) ? 0 : 404;
      }
      if (refusal != 0) {
        send(exchange, refusal, status(refusal, reason(refusal)));
      } else if (!collections.containsKey(collection) || !isGet(exchange)) {
        one(exchange);
      } else if (watch) {
        watch(exchange, collection, query);
      } else {
        list(exchange, collection, query);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String reason(int refusal) {
    return switch (refusal) {
      case 403 -> "Forbidden";
      case 404 -> "NotFound";
      default -> "InternalError";
    };
  }

  /** Whether a kind that is installed is at the path, or one object of it. */
  private boolean isKnown(String path) {
    return collections.containsKey(path)
        || collections.containsKey(path.substring(0, path.lastIndexOf('/')));
  }

  private static boolean isGet(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("GET");
  }

  /** Reads, creates or replaces one object; what is not as the sender saw it is a conflict. */
  private void one(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    boolean post = exchange.getRequestMethod().equals("POST");
    var collection = post ? path : path.substring(0, path.lastIndexOf('/'));
    var sent =
        isGet(exchange)
            ? null
            : Serialization.unmarshal(exchange.getRequestBody(), GenericKubernetesResource.class);
    synchronized (lock) {
      var name = post ? sent.getMetadata().getName() : path.substring(collection.length() + 1);
      var found = collections.get(collection).get(name);
      if (post ? found != null : found != null && sent != null && isStale(sent, found)) {
        send(exchange, 409, status(409, "Conflict"));
      } else if (!post && found == null) {
        send(exchange, 404, status(404, "NotFound"));
      } else {
        if (sent != null) {
          put(collection, sent);
        }
        send(exchange, post ? 201 : 200, Serialization.asJson(sent == null ? found : sent));
      }
    }
  }

  private static boolean isStale(HasMetadata sent, HasMetadata found) {
    var seen = sent.getMetadata().getResourceVersion();
    return seen != null && !seen.equals(found.getMetadata().getResourceVersion());
  }

  private void list(HttpExchange exchange, String collection, Map<String, String> query)
      throws IOException {
    var items = new StringBuilder();
    long now;
    synchronized (lock) {
      now = version;
      for (var object : collections.get(collection).values()) {
        if (selects(query, object)) {
          items.append(items.isEmpty() ? "" : ",").append(Serialization.asJson(object));
        }
      }
    }
    boolean pods = collection.endsWith("/pods");
    send(
        exchange,
        200,
        """
        {"kind":"%s","apiVersion":"%s","metadata":{"resourceVersion":"%d"},"items":[%s]}"""
            .formatted(
                pods ? "PodList" : "InferencePoolList",
                pods ? "v1" : apiVersion(collection),
                now,
                items));
  }

  /** Group and version of {@code /apis/GROUP/VERSION/namespaces/NS/inferencepools}. */
  private static String apiVersion(String collection) {
    var parts = collection.split("/", -1);
    return parts[2] + "/" + parts[3];
  }

  /** Sends what happened after the version asked for, in order, until the watch is cut. */
  private void watch(HttpExchange exchange, String collection, Map<String, String> query)
      throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    var out = exchange.getResponseBody();
    out.flush();
    long seen = Long.parseLong(query.getOrDefault("resourceVersion", "0"));
    int begun;
    synchronized (lock) {
      begun = epoch;
      watches.merge(collection, 1, Integer::sum);
    }
    while (true) {
      var lines = new StringBuilder();
      synchronized (lock) {
        if (seen < oldest) {
          lines.append(line("ERROR", status(410, "Expired")));
        }
        while (lines.isEmpty() && epoch == begun && !isNews(collection, seen)) {
          lock.wait();
        }
        if (epoch != begun) {
          return;
        }
        for (var event : history) {
          if (event.version() > seen && event.collection().equals(collection)) {
            seen = event.version();
            lines.append(line(event, query));
          }
        }
      }
      out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
      out.flush();
      if (lines.indexOf("\"ERROR\"") >= 0) {
        return;
      }
    }
  }

  private boolean isNews(String collection, long seen) {
    return !history.isEmpty()
        && history.stream()
            .anyMatch(each -> each.version() > seen && each.collection().equals(collection));
  }

  /** An object that leaves the selection is told as deleted, one that enters it as added. */
  private static String line(Event event, Map<String, String> query) {
    boolean was = event.before() != null && selects(query, event.before());
    boolean is = event.after() != null && selects(query, event.after());
    if (!was && !is) {
      return "";
    }
    return line(is ? was ? "MODIFIED" : "ADDED" : "DELETED", event.json());
  }

  private static String line(String type, String object) {
    return "{\"type\":\"" + type + "\",\"object\":" + object.replace("\n", "") + "}\n";
  }

  private static boolean selects(Map<String, String> query, HasMetadata object) {
    var labels = object.getMetadata().getLabels();
    for (var pair : query.getOrDefault("labelSelector", "").split(",", -1)) {
      var parts = pair.split("=", 2);
      if (parts.length == 2 && (labels == null || !parts[1].equals(labels.get(parts[0])))) {
        return false;
      }
    }
    var field = query.getOrDefault("fieldSelector", "");
    return field.isEmpty() || field.equals("metadata.name=" + object.getMetadata().getName());
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> query = new HashMap<>();
    if (uri.getRawQuery() != null) {
      for (var pair : uri.getRawQuery().split("&", -1)) {
        var parts = pair.split("=", 2);
        query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
      }
    }
    return query;
  }

  private static String status(int code, String reason) {
    return """
        {"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":"%s","message":"%s it is"}"""
        .formatted(code, reason, reason);
  }

  private static void send(HttpExchange exchange, int code, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
