package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Keeps endpoints whose labels meet every requirement of a Kubernetes label selector. */
public final class LabelSelectorFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "label-selector-filter";

  private final List<Requirement> requirements;

  /** Relation between a label and values. */
  public enum Operator {
    /** The label has one of the values. */
    IN,
    /** The label has none of the values, or is absent. */
    NOT_IN,
    /** The label is there. */
    EXISTS,
    /** The label is absent. */
    DOES_NOT_EXIST
  }

  /** What one label must be like. */
  public record Requirement(String label, Operator operator, Set<String> values) {

    /** Copies the values. */
    public Requirement {
      values = Set.copyOf(values);
    }

    boolean meets(Map<String, String> labels) {
      @Nullable String value = labels.get(label);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case DOES_NOT_EXIST -> value == null;
      };
    }
  }

  /** A filter; without requirements it keeps all. */
  public LabelSelectorFilter(List<Requirement> requirements) {
    this.requirements = List.copyOf(requirements);
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (!meets(candidates.endpoint(i).spec().labels())) {
        candidates.drop(i);
      }
    }
  }

  private boolean meets(Map<String, String> labels) {
    for (int i = 0; i < requirements.size(); i++) {
      if (!requirements.get(i).meets(labels)) {
        return false;
      }
    }
    return true;
  }
}
