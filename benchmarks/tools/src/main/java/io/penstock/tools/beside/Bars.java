package io.penstock.tools.beside;

/** What a cost must not exceed, as docs/performance.md states it. Stateless. */
final class Bars {

  private static final double IDLE_CORES = 0.3;

  private Bars() {}

  /**
   * The bar of a subject under a workload: a ratio to its usual base, or of {@link Workload.Idle}
   * cores; NaN where there is none.
   */
  static double of(Workload workload, Comparison.Subject subject) {
    return switch (subject.target()) {
      case Target.Gateway _ -> gateway(workload);
      case Target.EnvoyPicker picker when subject.part().equals(Target.PICKER) ->
          picker(workload, picker.requestOnly());
      case Target.EnvoyPicker _,
          Target.Envoy _,
          Target.Haproxy _,
          Target.Replicas _,
          Target.Router _ ->
          Double.NaN;
    };
  }

  private static double gateway(Workload workload) {
    return switch (workload) {
      case Workload.Idle _ -> IDLE_CORES;
      case Workload.Streams streams -> streams.count() < 200 ? 1.6 : 1.2;
      case Workload.Chats chats when chats.perSecond() > 0 ->
          chats.bodyBytes() <= 64 << 10 ? 1.35 : 1.9;
      case Workload.Chats chats -> bySize(chats.bodyBytes(), 1.1, 1.1, 1.5, 1.9);
    };
  }

  private static double picker(Workload workload, boolean requestOnly) {
    return switch (workload) {
      case Workload.Idle _ -> IDLE_CORES;
      case Workload.Streams _ -> requestOnly ? 0 : 2;
      case Workload.Chats chats -> bySize(chats.bodyBytes(), 1, 1, 2, 3);
    };
  }

  private static double bySize(int bytes, double one, double sixteen, double more, double most) {
    if (bytes <= 1 << 10) {
      return one;
    }
    if (bytes <= 16 << 10) {
      return sixteen;
    }
    return bytes <= 64 << 10 ? more : most;
  }
}
