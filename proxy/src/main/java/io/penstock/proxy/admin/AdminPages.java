package io.penstock.proxy.admin;

import io.penstock.proxy.admin.AdminServer.Scope;
import io.penstock.proxy.openai.JsonText;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the admin paths answer. Thread-safe as far as the view is. */
final class AdminPages {

  /**
   * An answer.
   *
   * @param allow methods the path takes; empty but for 405
   */
  record Page(int status, String contentType, String body, String allow) {}

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";

  static final Page ALIVE = text(200, "ok\n");
  static final Page BAD_REQUEST = text(400, "bad request\n");
  static final Page FAILED = text(500, "failed; the log has the cause\n");
  static final Page TOO_MANY = text(503, "as many pages as can be fed are open already\n");
  private static final Page NOT_FOUND = text(404, "not found\n");
  private static final Page FOREIGN = text(403, "not from a web page\n");

  private static final List<String> PATHS =
      List.of(
          "/livez",
          "/readyz",
          "/metrics",
          "/config",
          "/debug/endpoints",
          "/debug/endpoints/{address|name}",
          "/debug/rules",
          "/debug/decisions",
          "/debug/decisions/{id|request id}",
          "/debug/decisions/stream",
          "/debug/quality",
          "POST /drain");

  private static final String ENDPOINT = "/debug/endpoints/";
  private static final String DECISION = "/debug/decisions/";
  private static final String STREAM = "/debug/decisions/stream";
  private static final String FILE = "/page/";
  private static final int SHOWN = 100;

  private final Scope scope;
  private final AdminView view;
  private final CollectorRegistry metrics;
  private final @Nullable PageFiles files;

  AdminPages(Scope scope, AdminView view, CollectorRegistry metrics) {
    this.scope = scope;
    this.view = view;
    this.metrics = metrics;
    this.files = scope == Scope.ADMIN ? new PageFiles() : null;
  }

  /** Whether the event loop itself answers. */
  boolean isAlive(String method, String uri) {
    return method.equals("GET") && uri.equals("/livez");
  }

  /**
   * The feed of a page that asks for the live stream; null for every other request.
   *
   * @throws IllegalArgumentException the query cannot be read
   */
  @Nullable LiveFeed feed(String method, String uri) {
    return scope == Scope.ADMIN && method.equals("GET") && path(uri).equals(STREAM)
        ? view.feed(DecisionQuery.of(query(uri)))
        : null;
  }

  /**
   * The answer.
   *
   * @param uri path and query as sent
   * @param foreign whether a web page of some origin made the request
   * @param accept the request's {@code accept}, empty without one; a person's browser names HTML in
   *     it, and can show more than text
   */
  Page page(String method, String uri, boolean foreign, String accept) {
    var path = path(uri);
    Maker get;
    if (path.equals("/") && accept.contains("text/html")) {
      get = file("index.html");
    } else if (path.equals("/metrics")) {
      get = () -> metrics(accept);
    } else {
      get = get(path, query(uri));
    }
    if (get != null) {
      return method.equals("GET") ? get.make() : notAllowed("GET");
    }
    if (path.equals("/drain") && scope == Scope.ADMIN) {
      if (!method.equals("POST")) {
        return notAllowed("POST");
      }
      if (foreign) {
        return FOREIGN;
      }
      view.drain();
      return new Page(202, JSON, "{\"draining\":true}\n", "");
    }
    return NOT_FOUND;
  }

  private static String path(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? uri : uri.substring(0, mark);
  }

  private static String query(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? "" : uri.substring(mark + 1);
  }

  /** A page that is made when it is known that it may be. */
  private interface Maker {
    Page make();
  }

  private @Nullable Maker get(String path, String query) {
    return switch (path) {
      case "/livez" -> () -> ALIVE;
      case "/readyz" -> () -> readiness(has(query, "verbose"));
      default -> scope == Scope.ADMIN ? forPeople(path, query) : null;
    };
  }

  private @Nullable Maker forPeople(String path, String query) {
    return switch (path) {
      case "/" -> () -> text(200, String.join("\n", PATHS) + "\n");
      case "/config" -> () -> json(200, view.config());
      case "/debug/endpoints" -> () -> json(200, view.endpoints());
      case "/debug/rules" -> () -> json(200, view.rules());
      case "/debug/quality" -> () -> json(200, view.quality());
      case "/debug/decisions" -> () -> decisions(query);
      default -> {
        if (path.startsWith(DECISION)) {
          yield () ->
              one(
                  path.substring(DECISION.length()),
                  id -> view.decision(id, DecisionQuery.of(query).pool()),
                  "no decision is kept under");
        }
        if (path.startsWith(ENDPOINT)) {
          yield () ->
              one(path.substring(ENDPOINT.length()), view::endpoint, "no endpoint is known under");
        }
        yield path.startsWith(FILE) ? file(path.substring(FILE.length())) : null;
      }
    };
  }

  private @Nullable Maker file(String name) {
    var file = files == null ? null : files.find(name);
    return file == null ? null : () -> file;
  }

  private Page decisions(String query) {
    try {
      return json(200, view.decisions(DecisionQuery.of(query), limit(query)));
    } catch (IllegalArgumentException e) {
      return BAD_REQUEST;
    }
  }

  /** What is found by an id in the path. */
  private interface Finder {
    @Nullable String find(String id);
  }

  private static Page one(String encodedId, Finder finder, String complaint) {
    @Nullable String found;
    try {
      found = finder.find(URLDecoder.decode(encodedId, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      return BAD_REQUEST;
    }
    return found == null
        ? json(404, "{\"error\":\"" + complaint + " that id\"}")
        : json(200, found);
  }

  private Page readiness(boolean verbose) {
    var readiness = view.readiness();
    int status = readiness.isReady() ? 200 : 503;
    if (!verbose && status == 200) {
      return text(status, "ok\n");
    }
    var json =
        new StringBuilder("{\"ready\":").append(readiness.isReady()).append(",\"reasons\":[");
    boolean first = true;
    if (readiness.draining()) {
      json.append("\"draining\"");
      first = false;
    }
    for (var check : readiness.checks()) {
      if (!check.passes()) {
        json.append(first ? "" : ",");
        JsonText.quote(json, check.reason());
        first = false;
      }
    }
    json.append(']');
    if (verbose) {
      checks(json, readiness.checks());
    }
    return json(status, json.append('}').toString());
  }

  private static void checks(StringBuilder json, List<AdminView.Check> checks) {
    json.append(",\"checks\":[");
    boolean first = true;
    for (var check : checks) {
      json.append(first ? "{\"name\":" : ",{\"name\":");
      JsonText.quote(json, check.name());
      json.append(",\"passes\":").append(check.passes()).append(",\"reason\":");
      JsonText.quote(json, check.reason());
      json.append('}');
      first = false;
    }
    json.append(']');
  }

  /** Prometheus's text, or OpenMetrics, which has exemplars, for those who take it. */
  private Page metrics(String accept) {
    var page = new StringWriter(16_384);
    var type = TextFormat.chooseContentType(accept);
    try {
      TextFormat.writeFormat(type, page, metrics.metricFamilySamples());
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return new Page(200, type, page.toString(), "");
  }

  private static int limit(String query) {
    for (var pair : query.split("&", -1)) {
      if (pair.matches("limit=[0-9]{1,6}")) {
        return Math.clamp(Integer.parseInt(pair.substring(6)), 1, 1_000);
      }
    }
    return SHOWN;
  }

  private static boolean has(String query, String name) {
    for (var pair : query.split("&", -1)) {
      if (pair.equals(name) || pair.startsWith(name + "=")) {
        return true;
      }
    }
    return false;
  }

  private static Page text(int status, String body) {
    return new Page(status, TEXT, body, "");
  }

  private static Page json(int status, String body) {
    return new Page(status, JSON, body + "\n", "");
  }

  private static Page notAllowed(String allow) {
    return new Page(405, TEXT, "that path takes " + allow + "\n", allow);
  }
}
