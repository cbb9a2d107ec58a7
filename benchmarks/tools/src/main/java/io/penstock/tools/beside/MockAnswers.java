package io.penstock.tools.beside;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineClock;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.metrics.MetricsPage;

/** Every byte a mock pod ever sends, prepared once. Immutable; never released. */
final class MockAnswers {

  private static final String MODEL = "tiny";
  private static final String CHUNK =
      "{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\","
          + "\"created\":1700000000,\"model\":\""
          + MODEL
          + "\",\"choices\":[{\"index\":0,\"delta\":{%s},\"logprobs\":null,\"finish_reason\":%s}]}";

  /** A chat's answer, about 400 bytes. */
  static final ByteBuf CHAT =
      answer(
          "application/json",
          "{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion\","
              + "\"created\":1700000000,\"model\":\""
              + MODEL
              + "\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
              + "A penstock carries water from the reservoir to the turbine; its gate decides how"
              + " much of it flows, and when.\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
              + "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":30,\"total_tokens\":130}}");

  /** The head of a stream. */
  static final ByteBuf STREAM_HEAD =
      bytes(
          """
          HTTP/1.1 200 OK\r
          content-type: text/event-stream; charset=utf-8\r
          transfer-encoding: chunked\r
          \r
          """);

  /** One event, about 180 bytes. */
  static final ByteBuf EVENT = chunk(event(CHUNK.formatted("\"content\":\" gate\"", "null")));

  /** The last event, the end of the stream and of the answer. */
  static final ByteBuf STREAM_END =
      bytes(
          chunkText(event(CHUNK.formatted("", "\"stop\"")))
              + chunkText("data: [DONE]\n\n")
              + "0\r\n\r\n");

  /** {@code GET /v1/models}. */
  static final ByteBuf MODELS =
      answer(
          "application/json",
          "{\"object\":\"list\",\"data\":[{\"id\":\""
              + MODEL
              + "\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"vllm\",\"root\":\""
              + MODEL
              + "\",\"parent\":null,\"max_model_len\":131072}]}");

  /** {@code GET /health}. */
  static final ByteBuf HEALTH = answer("text/plain", "");

  /** Any other path. */
  static final ByteBuf NOT_FOUND = bytes("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");

  private MockAnswers() {}

  /**
   * {@code GET /metrics}: the page of an idle simulated engine, and after it as much of what else a
   * server of vLLM shows (its process, its HTTP routes) as makes it so long.
   */
  static ByteBuf metrics(int leastBytes) {
    var page = new StringBuilder(engineMetrics());
    for (int route = 0; page.length() < leastBytes; route++) {
      page.append("# HELP http_request_duration_seconds Latency with only few buckets.\n");
      page.append("# TYPE http_request_duration_seconds histogram\n");
      for (int bucket = 1; bucket <= 12; bucket++) {
        page.append("http_request_duration_seconds_bucket{handler=\"/v1/route").append(route);
        page.append("\",le=\"").append(bucket / 4.0).append("\",method=\"POST\"} 0.0\n");
      }
    }
    String text = answerText("text/plain; version=0.0.4", page.toString());
    // On the heap, unlike what lives as long as the class: it is left to the collector.
    return Unpooled.unreleasableBuffer(
        Unpooled.wrappedBuffer(text.getBytes(US_ASCII)).asReadOnly());
  }

  private static String engineMetrics() {
    EngineClock stopped =
        new EngineClock() {
          @Override
          public long nanos() {
            return 0;
          }

          @Override
          public Cancellable schedule(long delayNanos, Runnable task) {
            throw new IllegalStateException("an idle engine has nothing to do");
          }
        };
    var config = EngineConfig.builder(EngineProfile.INSTANT).modelName(MODEL).build();
    var page = new StringBuilder();
    new MetricsPage(new Engine(config, stopped), false, 1_700_000_000).render(page);
    return page.toString();
  }

  private static ByteBuf answer(String type, String body) {
    return bytes(answerText(type, body));
  }

  private static String answerText(String type, String body) {
    return "HTTP/1.1 200 OK\r\ncontent-type: "
        + type
        + "\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private static String event(String data) {
    return "data: " + data + "\n\n";
  }

  private static ByteBuf chunk(String data) {
    return bytes(chunkText(data));
  }

  private static String chunkText(String data) {
    return Integer.toHexString(data.length()) + "\r\n" + data + "\r\n";
  }

  private static ByteBuf bytes(String text) {
    byte[] ascii = text.getBytes(US_ASCII);
    return Unpooled.unreleasableBuffer(
        Unpooled.directBuffer(ascii.length).writeBytes(ascii).asReadOnly());
  }
}
