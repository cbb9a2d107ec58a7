package io.penstock.simulator.http;

import io.penstock.simulator.json.JsonWriter;

/** Event framing: {@code data: JSON} or {@code event: NAME} before it, and an empty line. */
final class Sse {

  private static final String DATA = "data: ";

  private Sse() {}

  /** A writer whose text begins an event without a name. */
  static JsonWriter data() {
    return new JsonWriter(new StringBuilder(512).append(DATA));
  }

  /** A writer whose text begins an event with a name. */
  static JsonWriter named(String name) {
    return new JsonWriter(
        new StringBuilder(512).append("event: ").append(name).append('\n').append(DATA));
  }

  /** Ends the event and sends it. */
  static void send(Reply reply, JsonWriter event) {
    reply.event(event + "\n\n");
  }
}
