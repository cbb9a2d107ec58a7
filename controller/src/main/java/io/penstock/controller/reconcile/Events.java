package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells people what has happened to a service, as events beside it. Thread-safe. */
final class Events {

  private static final Logger log = LoggerFactory.getLogger(Events.class);
  private static final String REPORTER = "penstock-controller";
  private static final int MESSAGE_CHARS = 1000;

  private final ApiServer server;
  private final Clock clock;

  Events(ApiServer server, Clock clock) {
    this.server = server;
    this.clock = clock;
  }

  /**
   * Tells one thing; an event that is refused is only logged.
   *
   * @param type {@code Normal} or {@code Warning}
   */
  void tell(ObjectNode about, String type, String reason, String message) throws IOException {
    var event = Trees.newObject();
    event.put("apiVersion", "v1").put("kind", "Event");
    Trees.with(event, "metadata")
        .put("generateName", Trees.name(about) + "-")
        .put("namespace", Trees.namespace(about));
    Trees.with(event, "involvedObject")
        .put("apiVersion", Trees.text(about, "apiVersion"))
        .put("kind", Trees.text(about, "kind"))
        .put("namespace", Trees.namespace(about))
        .put("name", Trees.name(about))
        .put("uid", Objects.uid(about));
    Trees.with(event, "source").put("component", REPORTER);
    var now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    event.put("type", type).put("reason", reason);
    event.put(
        "message",
        message.length() <= MESSAGE_CHARS ? message : message.substring(0, MESSAGE_CHARS));
    event.put("count", 1).put("firstTimestamp", now).put("lastTimestamp", now);
    var path = "/api/v1/namespaces/" + Trees.namespace(about) + "/events";
    var answer = server.create(path, event);
    if (!answer.isGood()) {
      log.warn("an event of {} is refused: {}", Objects.key(about), answer.message());
    }
  }
}
