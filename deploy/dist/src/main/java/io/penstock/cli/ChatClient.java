package io.penstock.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** A small streaming chat client, what any OpenAI client does. Thread-safe. */
final class ChatClient {

  private static final JsonFactory JSON = new JsonFactory();
  private static final String DATA = "data: ";

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final URI uri;
  private final String model;

  /** A client of the gateway at {@code base}, such as {@code http://127.0.0.1:8080}. */
  ChatClient(String base, String model) {
    this.uri = URI.create(base + "/v1/chat/completions");
    this.model = model;
  }

  /**
   * What came back.
   *
   * @param text the whole answer
   * @param ttftNanos from sending to the first event with text
   */
  record Answer(String text, long ttftNanos) {}

  /** Sends the conversation and reads the stream to its end. */
  Answer ask(String requestId, List<DemoConversation.Message> messages, int maxTokens)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(uri)
            .header("content-type", "application/json")
            .header("x-request-id", requestId)
            .timeout(Duration.ofMinutes(2))
            .POST(HttpRequest.BodyPublishers.ofString(body(messages, maxTokens)))
            .build();
    long start = System.nanoTime();
    var response = http.send(request, HttpResponse.BodyHandlers.ofLines());
    try (Stream<String> lines = response.body()) {
      if (response.statusCode() != 200) {
        throw new IOException(
            "the gateway answered " + response.statusCode() + ": " + lines.findFirst().orElse(""));
      }
      return read(lines, start);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Answer read(Stream<String> lines, long start) throws IOException {
    var text = new StringBuilder();
    long first = -1;
    boolean done = false;
    for (var each = lines.iterator(); each.hasNext(); ) {
      String line = each.next();
      if (!line.startsWith(DATA)) {
        continue;
      }
      if (line.equals("data: [DONE]")) {
        done = true;
        continue;
      }
      String delta = content(line.substring(DATA.length()));
      if (!delta.isEmpty() && first < 0) {
        first = System.nanoTime() - start;
      }
      text.append(delta);
    }
    if (!done) {
      throw new IOException("the stream ended without [DONE]");
    }
    return new Answer(text.toString(), first);
  }

  private String body(List<DemoConversation.Message> messages, int maxTokens) throws IOException {
    var out = new StringWriter();
    try (var json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("model", model);
      json.writeArrayFieldStart("messages");
      for (var message : messages) {
        json.writeStartObject();
        json.writeStringField("role", message.role());
        json.writeStringField("content", message.content());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeNumberField("max_tokens", maxTokens);
      json.writeBooleanField("stream", true);
      json.writeEndObject();
    }
    return out.toString();
  }

  /** The text of {@code choices[].delta.content} in one event; fails on an error event. */
  private static String content(String event) throws IOException {
    try (var json = JSON.createParser(event)) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME) {
          if (json.currentName().equals("error")) {
            throw new IOException("the stream broke off: " + event);
          }
          if (json.currentName().equals("content") && json.nextToken() == JsonToken.VALUE_STRING) {
            return json.getText();
          }
        }
      }
    }
    return "";
  }
}
