package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps endpoints whose label has one of some values. As {@code decode-filter}, {@code
 * prefill-filter} and {@code encode-filter} the label is {@value #ROLE} and the values are those of
 * pods that take that leg. An endpoint without that label has the role that its source gives it.
 */
public final class LabelFilter implements Filter {

  /** Type in configuration of the general form. */
  public static final String TYPE = "by-label";

  /** Type in configuration for pods that decode; those without a role do. */
  public static final String DECODE = "decode-filter";

  /** Type in configuration for pods that prefill. */
  public static final String PREFILL = "prefill-filter";

  /** Type in configuration for pods that encode. */
  public static final String ENCODE = "encode-filter";

  /** Label that says which legs a pod takes. */
  public static final String ROLE = "llm-d.ai/role";

  private final String type;
  private final String label;
  private final Set<String> values;
  private final boolean unlabelledToo;

  /**
   * A filter.
   *
   * @param type as configuration names it
   * @param unlabelledToo whether endpoints without the label stay
   */
  public LabelFilter(String type, String label, Set<String> values, boolean unlabelledToo) {
    this.type = type;
    this.label = label;
    this.values = Set.copyOf(values);
    this.unlabelledToo = unlabelledToo;
  }

  /** Keeps pods that decode. */
  public static LabelFilter decode() {
    return new LabelFilter(
        DECODE, ROLE, Set.of("decode", "prefill-decode", "both", "encode-prefill-decode"), true);
  }

  /** Keeps pods that prefill. */
  public static LabelFilter prefill() {
    return new LabelFilter(
        PREFILL,
        ROLE,
        Set.of("prefill", "encode-prefill", "prefill-decode", "both", "encode-prefill-decode"),
        false);
  }

  /** Keeps pods that encode images and sound. */
  public static LabelFilter encode() {
    return new LabelFilter(
        ENCODE, ROLE, Set.of("encode", "encode-prefill", "encode-prefill-decode"), false);
  }

  @Override
  public String type() {
    return type;
  }

  /** What the label would say of an endpoint whose role is known from elsewhere. */
  private static @Nullable String configured(Role role) {
    return switch (role) {
      case PREFILL -> "prefill";
      case DECODE -> "decode";
      case ENCODE -> "encode";
      case BOTH -> null;
    };
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      var spec = candidates.endpoint(i).spec();
      var value = spec.labels().get(label);
      if (value == null && label.equals(ROLE)) {
        value = configured(spec.role());
      }
      if (value == null ? !unlabelledToo : !values.contains(value)) {
        candidates.drop(i);
      }
    }
  }
}
