package io.penstock.proxy.exchange;

import io.netty.buffer.Unpooled;
import io.penstock.picker.schedule.SessionHeader;
import io.penstock.proxy.openai.ErrorResponse;
import io.penstock.proxy.openai.ErrorShape;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the gateway itself writes to one client: heads, its own content and errors, comments that
 * keep a stream alive. Counts nothing and decides nothing. Confined to the exchange's event loop.
 */
final class Reply {

  private final ClientStream client;
  private final RequestFacts facts;
  private final LoopContext loop;
  private ErrorShape shape = ErrorShape.OPENAI;
  private boolean begun;
  private boolean pinging;

  Reply(ClientStream client, RequestFacts facts, LoopContext loop) {
    this.client = client;
    this.facts = facts;
    this.loop = loop;
  }

  void shape(ErrorShape value) {
    shape = value;
  }

  /** How errors look to this client. */
  ErrorShape shape() {
    return shape;
  }

  /**
   * Commits a pod's head.
   *
   * @param sameLength whether the body goes on in the length in which the pod sends it
   */
  void begin(ResponseHead head, boolean sameLength) {
    begun = true;
    boolean stream = head.isEventStream() && head.status() < 300;
    String[] extra =
        stream ? named("cache-control", "no-cache", "x-accel-buffering", "no") : named();
    client.begin(
        head.status(),
        head,
        explained(withSessions(extra)),
        sameLength ? head.contentLength() : -1);
  }

  /** The fields and those that have the request's id, by each name that the client's API has. */
  private String[] named(String... fields) {
    boolean two = shape == ErrorShape.ANTHROPIC;
    var all = Arrays.copyOf(fields, fields.length + (two ? 4 : 2));
    all[fields.length] = "x-request-id";
    all[fields.length + 1] = facts.requestId;
    if (two) {
      all[fields.length + 2] = "request-id";
      all[fields.length + 3] = facts.requestId;
    }
    return all;
  }

  /** The fields and those by which the client learns which pods answer. */
  private String[] withSessions(String[] fields) {
    if (facts.sessions.isEmpty()) {
      return fields;
    }
    List<String> all = new ArrayList<>(List.of(fields));
    for (var session : facts.sessions) {
      var pod = session.ofPrefill() ? facts.prefill : facts.endpoint;
      if (pod != null) {
        all.add(session.name());
        all.add(SessionHeader.value(pod));
      }
    }
    return all.toArray(String[]::new);
  }

  /** With the headers that say how the answer came about, if any are wanted. */
  private String[] explained(String[] fields) {
    var settings = loop.settings();
    if (!settings.decisionIdHeader() && !settings.serverTimingHeader()) {
      return fields;
    }
    List<String> all = new ArrayList<>(List.of(fields));
    AnswerHeaders.add(all, facts, settings);
    return all.toArray(String[]::new);
  }

  /** A whole answer of the gateway's own. */
  void content(int status, String contentType, byte[] body) {
    client.begin(
        status,
        null,
        new String[] {"content-type", contentType, "x-request-id", facts.requestId},
        body.length);
    send(body);
  }

  /** A whole answer that is an error. */
  void error(ErrorResponse response) {
    var headers = response.headers();
    var fields = new String[2 * headers.size() - 2];
    int at = 0;
    for (var header : headers) {
      if (!header.getKey().equals("content-length")) {
        fields[at++] = header.getKey();
        fields[at++] = header.getValue();
      }
    }
    client.begin(response.status(), null, explained(fields), response.body().length);
    send(response.body());
  }

  /** The content of the gateway's own answer; that to a HEAD has none (RFC 9110 §9.3.2). */
  private void send(byte[] content) {
    if (!facts.method().equals("HEAD")) {
      client.body(Unpooled.wrappedBuffer(content));
      facts.bytesOut = content.length;
    }
    client.end(false);
  }

  /** Whether the head of a stream was committed by keep-alive comments. */
  boolean pinging() {
    return pinging;
  }

  /** Keeps a stream's connection from looking idle before its first token. */
  void ping() {
    if (!begun) {
      begun = true;
      pinging = true;
      client.begin(
          200,
          null,
          named(
              "content-type", "text/event-stream; charset=utf-8",
              "cache-control", "no-cache",
              "x-accel-buffering", "no"),
          -1);
    }
    client.comment(
        Unpooled.wrappedBuffer(
            ascii(
                shape == ErrorShape.ANTHROPIC
                    ? "event: ping\ndata: {\"type\": \"ping\"}\n\n"
                    : ": keep-alive\n\n")));
    client.flush();
  }

  /** The last event of a stream that breaks off; what follows is an abnormal close. */
  void errorEvent(GatewayError error, int sequence) {
    client.comment(
        Unpooled.wrappedBuffer(
            ErrorResponse.event(
                error, error.message(), error.param(), facts.requestId, shape, sequence)));
  }

  /** A pod's JSON as the last event of a stream that the gateway opened; then the close. */
  void lastEvent(byte[] json) {
    String name = shape == ErrorShape.OPENAI ? "" : "event: error\n";
    client.comment(Unpooled.wrappedBuffer(ascii(name + "data: "), json, ascii("\n\n")));
    client.abort();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
