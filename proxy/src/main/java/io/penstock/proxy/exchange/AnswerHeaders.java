package io.penstock.proxy.exchange;

import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.metrics.Timeline.Event;
import java.util.ArrayList;
import java.util.List;

/**
 * The headers that say how an answer came about, where the configuration asks for them: {@code
 * x-gateway-decision-id}, and {@code server-timing} with milliseconds for
 *
 * <ul>
 *   <li>{@code queue}: from the whole body to the choice of the pod that answers
 *   <li>{@code pick}: that choice
 *   <li>{@code connect}: from it until the request was written to a connection
 *   <li>{@code first-byte}: from there to the first byte of the answer, or the first token
 * </ul>
 *
 * <p>Confined to the exchange's event loop. A head that was committed before the pod answered, by
 * keep-alive comments, has none of them; one that went out with events that only announce a
 * response has no {@code first-byte}.
 */
final class AnswerHeaders {

  static final String DECISION_ID = "x-gateway-decision-id";
  static final String SERVER_TIMING = "server-timing";

  private AnswerHeaders() {}

  /** Appends to names and values in turn. */
  static void add(List<String> fields, RequestFacts facts, ExchangeSettings settings) {
    var id = settings.decisionIdHeader() ? facts.decisionId() : null;
    if (id != null) {
      fields.add(DECISION_ID);
      fields.add(id);
    }
    if (settings.serverTimingHeader()) {
      var timing = timing(facts.timeline());
      if (!timing.isEmpty()) {
        fields.add(SERVER_TIMING);
        fields.add(timing);
      }
    }
  }

  private static String timing(Timeline timeline) {
    List<String> metrics = new ArrayList<>();
    metric(metrics, "queue", timeline.between(Event.BODY_READ, Event.PICK_STARTED));
    metric(metrics, "pick", timeline.between(Event.PICK_STARTED, Event.PICKED));
    metric(metrics, "connect", timeline.between(Event.PICKED, Event.CONNECTED));
    metric(metrics, "first-byte", timeline.between(Event.CONNECTED, Event.FIRST_TOKEN));
    return String.join(", ", metrics);
  }

  private static void metric(List<String> metrics, String name, long nanos) {
    if (nanos >= 0) {
      long micros = nanos / 1_000;
      String thousandths = Long.toString(1_000 + micros % 1_000).substring(1);
      metrics.add(name + ";dur=" + micros / 1_000 + "." + thousandths);
    }
  }
}
