package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ClusterFacts;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * An API server on loopback for one manager of fields: server-side apply replaces all but status
 * and system fields. It counts writes, can break off the answer to a request, and shows its objects
 * as mirrors that are always fresh would. Thread-safe by one lock.
 */
final class FakeCluster implements ClusterView, AutoCloseable {

  /** What its reconcilers' clock says. */
  static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final ServingAuthority AUTHORITY = new TestAuthority(NOW);

  private final Map<String, ObjectNode> objects = new TreeMap<>();
  private final LoopbackApi api;
  private int versions;
  private int requests;
  private int cutAt = -1;
  private boolean carryOut;
  private final List<String> writes = new ArrayList<>();
  private Set<Kind> served = EnumSet.allOf(Kind.class);
  private final Set<Kind> hidden = EnumSet.noneOf(Kind.class);
  private final Map<String, ApiServer.Answer> refusals = new HashMap<>();
  private final Map<Key, Set<Key>> followed = new HashMap<>();

  FakeCluster() throws IOException {
    api = new LoopbackApi(this::answer);
  }

  /** A reconciler of this cluster. */
  Reconciler reconciler() {
    return reconciler(this, System::nanoTime);
  }

  /** The same with other mirrors and another ticker. */
  Reconciler reconciler(ClusterView seen, LongSupplier ticker) {
    return new Reconciler(
        api(),
        seen,
        ClusterFacts.offline(),
        CLOCK,
        ticker,
        new ReconcileMetrics(new CollectorRegistry()),
        AUTHORITY);
  }

  ApiServer api() {
    return new ApiServer(api.client());
  }

  /** Puts an object there as somebody else would. */
  synchronized ObjectNode put(Kind kind, ObjectNode object) {
    object.put("apiVersion", kind.apiVersion()).put("kind", kind.kindName());
    return store(kind.path(Objects.key(object)), object);
  }

  /** Takes an object away, with nothing that it owns. */
  synchronized void remove(Kind kind, Key key) {
    objects.remove(kind.path(key));
  }

  /** Breaks off instead of answering the n-th request from now on, from 0. */
  synchronized void cut(int request, boolean carriedOut) {
    requests = 0;
    cutAt = request;
    carryOut = carriedOut;
  }

  /** Calls every object of a kind invalid from now on, or no more. */
  synchronized void refuse(Kind kind, boolean refused) {
    if (refused) {
      refuse(kind, 422, Trees.newObject().put("message", "is invalid"));
    } else {
      refusals.remove("PATCH " + kind.plural());
    }
  }

  /** Answers so whenever an object of a kind is applied, from now on. */
  synchronized void refuse(Kind kind, int status, ObjectNode body) {
    refusals.put("PATCH " + kind.plural(), new ApiServer.Answer(status, body));
  }

  /** Answers so whenever an object of a kind is deleted, from now on. */
  synchronized void keep(Kind kind, int status, ObjectNode body) {
    refusals.put("DELETE " + kind.plural(), new ApiServer.Answer(status, body));
  }

  /** Whether the request to break off has come. */
  synchronized boolean wasCut() {
    return cutAt >= 0 && requests > cutAt;
  }

  /** Requests that changed something since the last call, as {@code METHOD path}. */
  synchronized List<String> takeWrites() {
    var taken = List.copyOf(writes);
    writes.clear();
    return taken;
  }

  /** Paths and contents of all objects, without what each run makes anew. */
  synchronized Map<String, String> state() {
    Map<String, String> state = new TreeMap<>();
    objects.forEach(
        (path, object) -> {
          var copy = object.deepCopy();
          Trees.with(copy, "metadata").remove(List.of("uid", "resourceVersion", "generation"));
          state.put(path, Json.canonical(copy));
        });
    return state;
  }

  private void answer(HttpExchange exchange) throws IOException {
    var method = exchange.getRequestMethod();
    var path = exchange.getRequestURI().getPath();
    var text = exchange.getRequestBody().readAllBytes();
    var body =
        text.length > 0 && Json.parse(text) instanceof ObjectNode object
            ? object
            : Trees.newObject();
    synchronized (this) {
      boolean cut = requests++ == cutAt;
      if (cut && !carryOut) {
        exchange.close();
        return;
      }
      boolean dry = String.valueOf(exchange.getRequestURI().getQuery()).contains("dryRun=All");
      var answer = dry ? new ApiServer.Answer(200, body) : carryOut(method, path, body);
      if (cut) {
        exchange.close();
        return;
      }
      var bytes = Json.text(answer.body()).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(answer.status(), bytes.length);
      exchange.getResponseBody().write(bytes);
      exchange.close();
    }
  }

  private ApiServer.Answer carryOut(String method, String path, ObjectNode body) {
    if (!method.equals("GET") && !path.endsWith("/events")) {
      writes.add(method + " " + path);
    }
    for (var refusal : refusals.entrySet()) {
      var refused = refusal.getKey();
      if (refused.startsWith(method + " ") && isOf(refused.substring(method.length() + 1), path)) {
        return refusal.getValue();
      }
    }
    var there = objects.get(path.replaceFirst("/status$", ""));
    return switch (method) {
      case "GET" -> there == null ? listed(path) : new ApiServer.Answer(200, there);
      case "PATCH" -> new ApiServer.Answer(there == null ? 201 : 200, apply(path, there, body));
      case "PUT" -> putStatus(path.replaceFirst("/status$", ""), there, body);
      case "DELETE" -> delete(path, there);
      default -> new ApiServer.Answer(201, body);
    };
  }

  /** What a group version serves, or the objects of a kind in a namespace. */
  private ApiServer.Answer listed(String path) {
    var body = Trees.newObject();
    for (var kind : Kind.values()) {
      if (path.equals(kind.versionPath()) && served.contains(kind)) {
        body.withArray("resources").addObject().put("name", kind.plural());
      } else if (path.endsWith("/" + kind.plural())) {
        var items = body.putArray("items");
        objects.forEach((at, object) -> addIf(at.startsWith(path + "/"), items, object));
      }
    }
    return body.isEmpty() ? missing() : new ApiServer.Answer(200, body);
  }

  private static void addIf(boolean wanted, ArrayNode items, ObjectNode object) {
    if (wanted) {
      items.add(object.deepCopy());
    }
  }

  private static boolean isOf(String plural, String path) {
    return path.contains("/" + plural + "/");
  }

  private ObjectNode apply(String path, ObjectNode there, ObjectNode body) {
    if (there != null) {
      var metadata = Trees.with(body, "metadata");
      metadata.put("uid", Objects.uid(there));
      metadata.put("generation", Objects.generation(there));
      if (there.has("status")) {
        body.set("status", there.get("status"));
      }
      var same = there.deepCopy();
      Trees.with(same, "metadata").remove("resourceVersion");
      if (Json.canonical(same).equals(Json.canonical(body))) {
        return there;
      }
      metadata.put("generation", Objects.generation(there) + 1);
    }
    return store(path, body);
  }

  private ApiServer.Answer putStatus(String path, ObjectNode there, ObjectNode body) {
    if (there == null) {
      return missing();
    }
    if (!Objects.resourceVersion(there).equals(Objects.resourceVersion(body))) {
      return new ApiServer.Answer(409, Trees.newObject());
    }
    var now = there.deepCopy();
    now.set("status", body.get("status"));
    return new ApiServer.Answer(200, store(path, now));
  }

  private ApiServer.Answer delete(String path, ObjectNode there) {
    objects.remove(path);
    return there == null ? missing() : new ApiServer.Answer(200, there);
  }

  private ObjectNode store(String path, ObjectNode object) {
    var metadata = Trees.with(object, "metadata");
    versions++;
    metadata.put("resourceVersion", Integer.toString(versions));
    if (!metadata.has("uid")) {
      metadata.put("uid", "uid-" + versions).put("generation", 1);
    }
    objects.put(path, object);
    return object;
  }

  private static ApiServer.Answer missing() {
    return new ApiServer.Answer(404, Trees.newObject());
  }

  /** Has only these kinds from now on. */
  synchronized void serve(Set<Kind> kinds) {
    served = EnumSet.copyOf(kinds);
  }

  /** Shows no object of a kind any more, as a mirror that has not been told yet. */
  synchronized void hide(Kind kind) {
    hidden.add(kind);
  }

  @Override
  public synchronized Set<Kind> served() {
    return EnumSet.copyOf(served);
  }

  @Override
  public synchronized Optional<ObjectNode> get(Kind kind, Key key) {
    return hidden.contains(kind)
        ? Optional.empty()
        : Optional.ofNullable(objects.get(kind.path(key))).map(ObjectNode::deepCopy);
  }

  @Override
  public synchronized List<ObjectNode> all(Kind kind) {
    return objects.values().stream()
        .filter(each -> Kind.of(each).equals(Optional.of(kind)))
        .map(ObjectNode::deepCopy)
        .toList();
  }

  @Override
  public synchronized Map<Kind, List<ObjectNode>> ownedBy(String uid) {
    Map<Kind, List<ObjectNode>> owned = new EnumMap<>(Kind.class);
    for (var kind : Kind.children()) {
      owned.put(
          kind, all(kind).stream().filter(each -> Objects.ownerUids(each).contains(uid)).toList());
    }
    return owned;
  }

  @Override
  public synchronized void follow(Key service, Set<Key> configMaps) {
    followed.put(service, Set.copyOf(configMaps));
  }

  @Override
  public synchronized Set<Key> followers(Key configMap) {
    return followed.entrySet().stream()
        .filter(each -> each.getValue().contains(configMap))
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  @Override
  public void close() {
    api.close();
  }
}
