package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Asks a gateway's admin listener. Confined to one command. */
final class AdminClient {

  /** Where the admin listener is unless somebody says otherwise. */
  static final String DEFAULT = "http://127.0.0.1:9090";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final String base;

  private AdminClient(String base) {
    this.base = base;
  }

  /**
   * A client of that listener.
   *
   * @param given a URL, or a host and port alone
   * @throws IllegalArgumentException it is neither; the message says what is allowed
   */
  static AdminClient of(String given) {
    var url = given.contains("://") ? given : "http://" + given;
    try {
      var uri = URI.create(url);
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return new AdminClient(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
      }
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "--admin is '" + given + "', allowed: a URL such as " + DEFAULT + ", or host:port");
  }

  /**
   * A page as it came; null when the gateway answers that there is none.
   *
   * @throws IOException the gateway does not answer, or with an error; the message is for people
   */
  @Nullable String text(String path) throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(10)).build();
    HttpResponse<String> answer;
    try {
      answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (ConnectException | HttpTimeoutException e) {
      throw new IOException(
          "no admin listener answers at " + base + "; --admin names the gateway's", e);
    }
    if (answer.statusCode() == 404) {
      return null;
    }
    if (answer.statusCode() != 200) {
      throw new IOException(base + path + " answers " + answer.statusCode());
    }
    return answer.body();
  }

  /** A page as a tree; null when there is none. */
  @Nullable JsonNode json(String path) throws IOException, InterruptedException {
    var text = text(path);
    return text == null ? null : JSON.readTree(text);
  }

  /** A text as part of a path or query. */
  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public String toString() {
    return base;
  }
}
