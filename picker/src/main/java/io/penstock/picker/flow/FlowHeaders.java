package io.penstock.picker.flow;

import io.penstock.picker.schedule.RequestHeaders;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a request's headers say of its priority, its flow and its hurry. Pure functions. */
public final class FlowHeaders {

  /** The flow of requests that say nothing of it. */
  public static final String DEFAULT_FLOW = "default-flow";

  private static final String[] OBJECTIVE = {
    "x-llm-d-inference-objective", "x-gateway-inference-objective"
  };
  private static final String[] FAIRNESS_ID = {
    "x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id"
  };
  private static final String[] TTFT_SLO = {"x-llm-d-slo-ttft-ms", "x-slo-ttft-ms"};

  private static final int LONGEST_ID = 128;
  private static final double LONGEST_SLO_MILLIS = 86_400_000;
  private static final double NANOS_PER_MILLI = 1e6;

  private FlowHeaders() {}

  /** Name of the objective that the request asks for, null where it asks for none. */
  public static @Nullable String objective(RequestHeaders headers) {
    return first(headers, OBJECTIVE);
  }

  /**
   * The flow of a request: what it says, else the first of the headers that it has, else {@code
   * otherwise}.
   */
  public static String flow(
      RequestHeaders headers, List<String> identityHeaders, @Nullable String otherwise) {
    var said = plain(first(headers, FAIRNESS_ID));
    if (said != null) {
      return said;
    }
    for (int i = 0; i < identityHeaders.size(); i++) {
      var identity = plain(headers.value(identityHeaders.get(i)));
      if (identity != null) {
        return identity;
      }
    }
    return otherwise == null ? DEFAULT_FLOW : otherwise;
  }

  /**
   * What the gate wants to know of a request.
   *
   * @param identity names its flow where its headers do not, null for nobody
   */
  public static FlowRequest request(
      RequestHeaders headers,
      FlowSettings settings,
      int priority,
      @Nullable String identity,
      String asked,
      String model,
      long bytes,
      long receivedNanos) {
    return new FlowRequest(
        priority,
        flow(headers, settings.identityHeaders(), identity),
        asked,
        model,
        bytes,
        receivedNanos,
        ttftSloNanos(headers));
  }

  /** Within which time the client wants the first token, 0 where it does not say. */
  static long ttftSloNanos(RequestHeaders headers) {
    var text = first(headers, TTFT_SLO);
    if (text == null) {
      return 0;
    }
    try {
      double millis = Double.parseDouble(text);
      return millis > 0 && millis <= LONGEST_SLO_MILLIS ? (long) (millis * NANOS_PER_MILLI) : 0;
    } catch (NumberFormatException none) {
      return 0;
    }
  }

  private static @Nullable String first(RequestHeaders headers, String[] names) {
    for (var name : names) {
      var value = headers.value(name);
      if (value != null && !value.isEmpty()) {
        return value;
      }
    }
    return null;
  }

  /** An id is short and printable, or it is none. */
  private static @Nullable String plain(@Nullable String value) {
    if (value == null || value.isEmpty() || value.length() > LONGEST_ID) {
      return null;
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c <= ' ' || c >= 0x7f) {
        return null;
      }
    }
    return value;
  }
}
