package io.penstock.proxy.metrics;

import io.penstock.picker.explain.FailureKind;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What happens to requests whose prompt one pod computes and another answers from. Thread-safe;
 * children are resolved at the start.
 */
public final class LegMetrics {

  /** Reason of a fallback: the pod computed the prompt and handed nothing over. */
  public static final String NOTHING_HANDED_OVER = "nothing_handed_over";

  /** Reason of a fallback: the pod is not known well enough to hand anything over. */
  public static final String UNREADY = "unready";

  private static final double NANOS = 1e9;
  private static final double[] SECONDS = {
    0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92
  };

  private static final double[] TRANSFER_SECONDS = {
    0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48
  };

  private final Histogram.Child prefill;
  private final Histogram.Child decode;
  private final Histogram.Child transfer;
  private final Map<FailureKind, Counter.Child> toOtherPrefill = new EnumMap<>(FailureKind.class);
  private final Map<String, Counter.Child> toDecode = new HashMap<>();
  private final Counter.Child repicked;
  private final Counter.Child released;
  private final Counter.Child unreleased;

  LegMetrics(CollectorRegistry registry) {
    var durations =
        Histogram.build(
                "penstock_leg_duration_seconds",
                "Of divided requests: prefill, sent to answered; decode, sent to first byte, which is"
                    + " the transfer and a step.")
            .labelNames("leg")
            .buckets(SECONDS)
            .register(registry);
    prefill = durations.labels("prefill");
    decode = durations.labels("decode");
    transfer =
        Histogram.build(
                "penstock_kv_transfer_seconds",
                "Of divided requests with streamed answers: decode leg sent to first token, less a"
                    + " decode step; what the engine made it wait included.")
            .buckets(TRANSFER_SECONDS)
            .register(registry)
            .labels();
    var fallbacks =
        Counter.build(
                "penstock_prefill_fallbacks_total",
                "Prefills that went to another prefill pod, or to the pod that answers.")
            .labelNames("to", "reason")
            .register(registry);
    for (var kind : FailureKind.values()) {
      toOtherPrefill.put(kind, fallbacks.labels("prefill", label(kind)));
      toDecode.put(label(kind), fallbacks.labels("decode", label(kind)));
    }
    toDecode.put(UNREADY, fallbacks.labels("decode", UNREADY));
    toDecode.put(NOTHING_HANDED_OVER, fallbacks.labels("decode", NOTHING_HANDED_OVER));
    repicked =
        Counter.build(
                "penstock_handed_prompts_lost_total",
                "Prompts whose decode failed after it may have begun, so that they were given up.")
            .register(registry)
            .labels();
    released =
        Counter.build(
                "penstock_handed_prompts_released_total",
                "Decodes of one token sent so that a prefill pod gives up a prompt.")
            .register(registry)
            .labels();
    unreleased =
        Counter.build(
                "penstock_handed_prompts_unreleased_total",
                "Of these, those that were refused (4xx): the prompt stays until its lease is over.")
            .register(registry)
            .labels();
  }

  /** The label of a reason. */
  public static String label(FailureKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** A pod has computed a prompt for another. */
  public void prefilled(long nanos) {
    prefill.observe(nanos / NANOS);
  }

  /** The first byte of an answer from a prompt that was handed over. */
  public void decoded(long nanos) {
    decode.observe(nanos / NANOS);
  }

  /** A prompt's KV cache has come to the pod that answers; -1 if it is not known how fast. */
  public void transferred(long nanos) {
    if (nanos >= 0) {
      transfer.observe(nanos / NANOS);
    }
  }

  /** Another prefill pod is asked. */
  public void otherPrefill(FailureKind kind) {
    count(toOtherPrefill.get(kind));
  }

  /** The pod that answers computes the prompt itself. */
  public void localPrefill(String reason) {
    count(toDecode.get(reason));
  }

  /** A prompt was given up because its decode failed. */
  public void lost() {
    repicked.inc();
  }

  /** A prompt is released by a decode of one token. */
  public void released() {
    released.inc();
  }

  /** The pod that was to release a prompt refused. */
  public void unreleased() {
    unreleased.inc();
  }

  private static void count(Counter.@Nullable Child counter) {
    if (counter != null) {
      counter.inc();
    }
  }
}
