package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.tools.load.ChatBody;
import io.penstock.tools.load.Conversations;
import io.penstock.tools.load.LoadReport;
import io.penstock.tools.load.LoadRun;
import io.penstock.tools.load.LoadSpec;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mock pods under the load generator, over real sockets. */
class MockPodsTest {

  private final MockPods pods = MockPods.start(2);

  @AfterEach
  void stop() {
    pods.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 400})
  void chats_of_any_size_are_answered_whole(int kib) throws InterruptedException {
    var report = send(false, kib << 10, 50);
    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isEqualTo(50);
    assertThat(report.bodyBytes() / 50).isBetween(350L, 450L);
  }

  @Test
  void streams_have_their_events_and_their_end() throws InterruptedException {
    pods.beat(new MockPods.Beat(7, Duration.ofMillis(1)));
    var report = send(true, 2_048, 20);
    assertThat(report.errors()).isEmpty();
    assertThat(report.answered()).isEqualTo(20);
    assertThat(report.events()).isEqualTo(20 * 8);
  }

  @Test
  void a_body_that_was_written_anew_asks_for_a_stream_in_its_middle()
      throws IOException, InterruptedException {
    var body = "{\"messages\":[],\"stream\":true,\"stop\":[\"" + "x".repeat(600) + "\"]}";
    assertThat(post("/v1/chat/completions", body).body())
        .startsWith("data: ")
        .endsWith("[DONE]\n\n");
    var text = "{\"messages\":[\"\\\"stream\\\":true\"]}";
    assertThat(post("/v1/chat/completions", text).body())
        .contains("\"object\":\"chat.completion\"");
    assertThat(post("/v1/chat/completions/render", body).statusCode()).isEqualTo(404);
  }

  @Test
  void a_gateway_finds_what_it_looks_for() throws IOException, InterruptedException {
    assertThat(get("/health").statusCode()).isEqualTo(200);
    assertThat(get("/v1/models").body()).contains("\"id\":\"tiny\"");
    assertThat(get("/metrics").body())
        .contains("vllm:num_requests_running", "vllm:kv_cache_usage_perc");
    assertThat(get("/else").statusCode()).isEqualTo(404);
  }

  @Test
  void a_metrics_page_is_as_long_as_asked_for() throws IOException, InterruptedException {
    try (var pod = MockPods.start(1, 60)) {
      var page = get(pod.endpoints().getFirst(), "/metrics").body();
      assertThat(page.length()).isBetween(60 << 10, 62 << 10);
      assertThat(page).contains("vllm:num_requests_running").endsWith("\n");
    }
  }

  private LoadReport send(boolean stream, int bodyBytes, int requests) throws InterruptedException {
    var chat = new ChatBody("tiny", stream);
    var spec =
        LoadSpec.to(URI.create("http://" + pods.endpoints().get(0)))
            .connections(4)
            .requests(requests)
            .build();
    var shape = Conversations.Shape.ofBody(chat, bodyBytes, 2, 0.8, 8, 0.5, 5);
    return LoadRun.start(spec, new Conversations(chat, shape)).await();
  }

  private HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    var uri = URI.create("http://" + pods.endpoints().get(0) + path);
    var request = HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body));
    try (var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return get(pods.endpoints().get(1), path);
  }

  private static HttpResponse<String> get(String pod, String path)
      throws IOException, InterruptedException {
    var uri = URI.create("http://" + pod + path);
    try (var client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
