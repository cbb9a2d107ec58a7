package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Requests to the API server, JSON trees in and out. Thread-safe; blocks the caller, 30 s at most.
 *
 * <p>What the API server answers is a value. What keeps an answer from coming is an {@link
 * IOException}: whether the request was carried out is then unknown.
 */
public final class ApiServer {

  /** Owner of the fields that the controller sets. */
  static final String FIELD_MANAGER = "penstock-controller";

  private static final String JSON = "application/json";
  private static final String APPLY = "application/apply-patch+yaml";
  private static final String MERGE = "application/merge-patch+json";
  private static final long WAIT_SECONDS = 30;

  private final KubernetesClient client;
  private final String url;

  public ApiServer(KubernetesClient client) {
    this.client = client;
    var master = client.getMasterUrl().toString();
    this.url = master.endsWith("/") ? master.substring(0, master.length() - 1) : master;
  }

  /**
   * An answer.
   *
   * @param status of HTTP
   * @param body the object, or what Kubernetes calls a Status; empty when there is none
   */
  public record Answer(int status, ObjectNode body) {

    public boolean isGood() {
      return status < 300;
    }

    public boolean isMissing() {
      return status == 404;
    }

    public boolean isConflict() {
      return status == 409;
    }

    /** Whether the same request is refused whenever it is sent: the object is invalid. */
    public boolean isInvalid() {
      return status == 422 || status == 400;
    }

    /** What the API server says, for people. */
    public String message() {
      var message = Trees.text(body, "message");
      return message.isEmpty() ? "status " + status : message;
    }
  }

  /** Reads. */
  public Answer get(String path) throws IOException {
    return send("GET", path, JSON, null);
  }

  /** Makes an object so that our fields are as in the body, whoever owned them before. */
  public Answer apply(String path, ObjectNode body) throws IOException {
    return send("PATCH", path + "?force=true&fieldManager=" + FIELD_MANAGER, APPLY, body);
  }

  /** What {@link #apply} would answer; nothing is changed. */
  Answer dryRun(String path, ObjectNode body) throws IOException {
    return send(
        "PATCH", path + "?dryRun=All&force=true&fieldManager=" + FIELD_MANAGER, APPLY, body);
  }

  /** Sets fields of an object, as a JSON merge patch. */
  Answer merge(String path, ObjectNode body) throws IOException {
    return send("PATCH", path + "?fieldManager=" + FIELD_MANAGER, MERGE, body);
  }

  /** Adds to a collection. */
  Answer create(String path, ObjectNode body) throws IOException {
    return send("POST", path + "?fieldManager=" + FIELD_MANAGER, JSON, body);
  }

  /** Replaces an object, if it is still of the body's resource version. */
  Answer replace(String path, ObjectNode body) throws IOException {
    return send("PUT", path + "?fieldManager=" + FIELD_MANAGER, JSON, body);
  }

  /** Deletes an object, if it is still the one with that uid; what it owns goes after it. */
  Answer delete(String path, String uid) throws IOException {
    var options = Trees.newObject();
    options.put("apiVersion", "v1").put("kind", "DeleteOptions");
    options.put("propagationPolicy", "Background");
    options.putObject("preconditions").put("uid", uid);
    return send("DELETE", path, JSON, options);
  }

  private Answer send(String method, String path, String type, @Nullable ObjectNode body)
      throws IOException {
    var builder =
        client
            .getHttpClient()
            .newHttpRequestBuilder()
            .uri(url + path)
            .header("accept", JSON)
            .timeout(WAIT_SECONDS, TimeUnit.SECONDS);
    if (body != null) {
      builder.method(method, type, Json.text(body));
    } else {
      builder.method(method, null, null);
    }
    try {
      var answer =
          client
              .getHttpClient()
              .sendAsync(builder.build(), byte[].class)
              .get(WAIT_SECONDS, TimeUnit.SECONDS);
      return new Answer(answer.code(), tree(answer.body()));
    } catch (ExecutionException e) {
      throw new IOException(
          method + " " + path + ": no answer of the API server, " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new IOException(method + " " + path + ": no answer within " + WAIT_SECONDS + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(method + " " + path + ": interrupted", e);
    }
  }

  private static ObjectNode tree(byte @Nullable [] body) {
    if (body == null || body.length == 0) {
      return Trees.newObject();
    }
    try {
      JsonNode tree = Json.parse(body);
      return tree instanceof ObjectNode object ? object : Trees.newObject();
    } catch (IOException e) {
      // Proxies in between answer in plain text.
      return Trees.newObject();
    }
  }
}
