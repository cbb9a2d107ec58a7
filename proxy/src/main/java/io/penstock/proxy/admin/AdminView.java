package io.penstock.proxy.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the admin listener shows, as the wiring supplies it. Every method may be called from any
 * thread and at any time; texts are JSON documents, without keys, prompts or answers.
 */
public interface AdminView {

  /**
   * Whether requests should be sent here.
   *
   * @param draining whether the gateway is shutting down
   * @param checks in the order in which a person would look
   */
  record Readiness(boolean draining, List<Check> checks) {
    /** Copies the checks. */
    public Readiness {
      checks = List.copyOf(checks);
    }

    /** Whether all checks pass and nothing drains. */
    public boolean isReady() {
      return !draining && checks.stream().allMatch(Check::passes);
    }
  }

  /**
   * One condition of readiness.
   *
   * @param name such as {@code pool tiny}
   * @param reason why it does not pass, a stable word such as {@code no_healthy_endpoints}; where
   *     it passes, a sentence on what is wrong all the same, or empty
   */
  record Check(String name, boolean passes, String reason) {}

  /** For {@code /readyz}. */
  Readiness readiness();

  /** For {@code /config}: the effective configuration, redacted. */
  String config();

  /** For {@code /debug/endpoints}: the pods with their signals. */
  String endpoints();

  /** For {@code /debug/rules}: the objectives and rewrites in force, by pool. */
  String rules();

  /**
   * For {@code /debug/endpoints/{id}}: one pod with its signals, newest decisions and errors, by
   * address or name; or null.
   */
  @Nullable String endpoint(String id);

  /**
   * For {@code /debug/decisions}: the newest first.
   *
   * @param query which of them
   * @param limit most records, 1 to 1000
   */
  String decisions(DecisionQuery query, int limit);

  /**
   * For {@code /debug/decisions/{id}}: by decision id, or the latest of a request id; or null.
   *
   * @param pool where to look, since pools count their decisions apart; null: in all, in order
   */
  @Nullable String decision(String id, @Nullable String pool);

  /** For {@code /debug/decisions/stream}: what a page that is opened now will hear. */
  LiveFeed feed(DecisionQuery query);

  /** For {@code /debug/quality}: what decisions came to, by pool and pod. */
  String quality();

  /** For {@code POST /drain}: begins to drain, if that has not begun. */
  void drain();
}
