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
  private static final Page NOT_FOUND = text(404, "not found\n");
  private static final Page FOREIGN = text(403, "not from a web page\n");

  private static final List<String> PATHS =
      List.of(
          "/livez",
          "/readyz",
          "/metrics",
          "/config",
          "/debug/endpoints",
          "/debug/rules",
          "/debug/decisions",
          "POST /drain");

  private static final String DECISION = "/debug/decisions/";
  private static final int SHOWN = 100;

  private final Scope scope;
  private final AdminView view;
  private final CollectorRegistry metrics;

  AdminPages(Scope scope, AdminView view, CollectorRegistry metrics) {
    this.scope = scope;
    this.view = view;
    this.metrics = metrics;
  }

  /** Whether the event loop itself answers. */
  boolean isAlive(String method, String uri) {
    return method.equals("GET") && uri.equals("/livez");
  }

  /**
   * The answer.
   *
   * @param uri path and query as sent
   * @param foreign whether a web page of some origin made the request
   */
  Page page(String method, String uri, boolean foreign) {
    int mark = uri.indexOf('?');
    var path = mark < 0 ? uri : uri.substring(0, mark);
    var query = mark < 0 ? "" : uri.substring(mark + 1);
    var get = get(path, query);
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

  /** A page that is made when it is known that it may be. */
  private interface Maker {
    Page make();
  }

  private @Nullable Maker get(String path, String query) {
    return switch (path) {
      case "/livez" -> () -> ALIVE;
      case "/readyz" -> () -> readiness(has(query, "verbose"));
      case "/metrics" -> this::metrics;
      default -> scope == Scope.ADMIN ? forPeople(path, query) : null;
    };
  }

  private @Nullable Maker forPeople(String path, String query) {
    return switch (path) {
      case "/" -> () -> text(200, String.join("\n", PATHS) + "\n");
      case "/config" -> () -> json(200, view.config());
      case "/debug/endpoints" -> () -> json(200, view.endpoints());
      case "/debug/rules" -> () -> json(200, view.rules());
      case "/debug/decisions" -> () -> json(200, view.decisions(limit(query)));
      default -> path.startsWith(DECISION) ? () -> decision(path) : null;
    };
  }

  private Page decision(String path) {
    String id;
    try {
      id = URLDecoder.decode(path.substring(DECISION.length()), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return BAD_REQUEST;
    }
    var decision = view.decision(id);
    return decision == null
        ? json(404, "{\"error\":\"no decision is kept under that id\"}")
        : json(200, decision);
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

  private Page metrics() {
    var page = new StringWriter(16_384);
    try {
      TextFormat.write004(page, metrics.metricFamilySamples());
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return new Page(200, TextFormat.CONTENT_TYPE_004, page.toString(), "");
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
