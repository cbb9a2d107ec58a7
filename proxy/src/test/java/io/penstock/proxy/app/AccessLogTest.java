package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.proxy.metrics.AccessLog;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** One line of JSON per request, whatever became of it. */
class AccessLogTest {

  private static final String CHAT = "/v1/chat/completions";

  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(AccessLog.LOGGER);
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          lines.add(event.getFormattedMessage());
        }
      };

  @BeforeEach
  void listen() {
    appender.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(appender);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(appender);
    logger.setLevel(null);
    logger.setAdditive(true);
  }

  private static TestGateway gateway() throws IOException {
    return TestGateway.of(2, flags -> flags.flag("--log.access", "true"));
  }

  /** The members of line i, which must be one flat JSON object without doubles. */
  private Map<String, String> line(int i) throws IOException {
    await().until(() -> lines.size() > i);
    Map<String, String> members = new LinkedHashMap<>();
    try (var json = new JsonFactory().createParser(lines.get(i))) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        assertThat(json.nextToken().isScalarValue()).as(name).isTrue();
        assertThat(members.put(name, json.getText())).as(name).isNull();
      }
      assertThat(json.currentToken()).isEqualTo(JsonToken.END_OBJECT);
      assertThat(json.nextToken()).isNull();
    }
    return members;
  }

  @Test
  void an_answered_request_has_its_times_pod_and_tokens() throws Exception {
    try (var gateway = gateway()) {
      gateway.post(
          CHAT + "?key=secret",
          chat("the prompt", 5, false),
          "x-request-id",
          "ask-1",
          "user-agent",
          "a \"quoted\" agent",
          "authorization",
          "Bearer sk-secret");

      var line = line(0);
      assertThat(line)
          .containsEntry("request.id", "ask-1")
          .containsEntry("outcome", "completed")
          .containsEntry("http.method", "POST")
          .containsEntry("http.path", CHAT)
          .containsEntry("http.version", "1.1")
          .containsEntry("http.status", "200")
          .containsEntry("user_agent", "a \"quoted\" agent")
          .containsEntry("pool", "default")
          .containsEntry("attempts", "1")
          .containsEntry("stream", "false")
          .containsEntry("gen_ai.operation.name", "chat")
          .containsEntry("gen_ai.request.model", "tiny")
          .containsEntry("gen_ai.usage.output_tokens", "5")
          .doesNotContainKey("reason");
      assertThat(line)
          .containsKeys(
              "duration_ms", "body_ms", "pick_ms", "connect_ms", "ttft_ms", "decision.id");
      assertThat(Double.parseDouble(line.get("connect_ms"))).isNotNegative();
      assertThat(lines.getFirst()).doesNotContain("the prompt", "secret");
    }
  }

  @Test
  void every_way_to_end_has_its_line() throws Exception {
    try (var gateway = gateway()) {
      gateway.post(CHAT, "{\"model\":\"no\\nne\u00e9\",\"messages\":[]}");
      assertThat(line(0))
          .containsEntry("outcome", "rejected")
          .containsEntry("reason", "model_not_found")
          .containsEntry("http.status", "404")
          .containsEntry("gen_ai.request.model", "no\nne\u00e9")
          .doesNotContainKeys("endpoint", "connect_ms");

      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().add(new Fault.DieInEvent(1));
      }
      gateway.exchange(TestGateway.request(CHAT, chat("hello", 5, true)));
      assertThat(line(1))
          .containsEntry("outcome", "failed")
          .containsEntry("reason", "upstream_reset")
          .containsEntry("http.status", "200")
          .containsEntry("stream", "true");

      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().set(new Fault.StallBeforeHead());
      }
      try (var client = Http2Client.of(gateway)) {
        client.post(CHAT, chat("hello", 5, true));
        await().until(() -> gateway.app.conservation().inFlight() == 1);
      }
      assertThat(line(2))
          .containsEntry("outcome", "client_cancelled")
          .containsEntry("reason", "client_closed_request")
          .containsEntry("http.status", "499")
          .containsEntry("http.version", "2");

      gateway.exchange("no http\r\n\r\n");
      assertThat(line(3))
          .containsEntry("outcome", "rejected")
          .containsEntry("reason", "malformed_request");
      assertThat(lines).hasSize(4);
    }
  }
}
