package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Kinds that come and go, before an API server that says no more than which it serves. */
class MirrorsTest {

  private static final String NOT_FOUND = "";
  private static final String BROKEN = "broken";

  /** What it answers by path; else 404. */
  private final Map<String, String> answers = new ConcurrentHashMap<>();

  private final Semaphore kindsChanged = new Semaphore(0);
  private LoopbackApi api;
  private Mirrors mirrors;

  @BeforeEach
  void start() throws IOException {
    api = new LoopbackApi(this::answer);
    mirrors =
        new Mirrors(
            new ApiServer(api.client()),
            api.client(),
            Duration.ofMillis(10),
            (kind, object) -> {},
            kindsChanged::release);
  }

  @AfterEach
  void close() {
    mirrors.close();
    api.close();
  }

  @Test
  void a_kind_that_goes_is_told_although_another_cannot_be_asked_for() {
    serve(Kind.LEADER_WORKER_SET);
    mirrors.start();
    await().until(kindsChanged::tryAcquire);
    assertThat(mirrors.missing()).contains("leaderworkersets");

    answers.put(Kind.SCALED_OBJECT.versionPath(), BROKEN);
    answers.put(Kind.LEADER_WORKER_SET.versionPath(), NOT_FOUND);

    await().until(kindsChanged::tryAcquire);
    assertThat(mirrors.missing()).doesNotContain("leaderworkersets");
  }

  private void serve(Kind kind) {
    answers.put(
        kind.versionPath(), "{\"resources\": [{\"name\": \"%s\"}]}".formatted(kind.plural()));
  }

  private void answer(HttpExchange exchange) throws IOException {
    var answer = answers.getOrDefault(exchange.getRequestURI().getPath(), NOT_FOUND);
    int status = answer.equals(NOT_FOUND) ? 404 : answer.equals(BROKEN) ? 503 : 200;
    var bytes = answer.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
