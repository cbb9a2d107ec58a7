package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one snapshot that serve one model and accept requests. Immutable; made once for
 * each snapshot and model, so that a request compares no names.
 */
final class ModelView {

  private final PoolSnapshot snapshot;
  private final String model;
  private final int[] positions;
  private final int[] slots;
  private final Decision.@Nullable Reason whyEmpty;
  private final boolean prefills;
  private final boolean allAnswerAlone;

  private ModelView(
      PoolSnapshot snapshot,
      String model,
      int[] positions,
      int[] slots,
      Decision.@Nullable Reason whyEmpty,
      boolean prefills,
      boolean allAnswerAlone) {
    this.snapshot = snapshot;
    this.model = model;
    this.positions = positions;
    this.slots = slots;
    this.whyEmpty = whyEmpty;
    this.prefills = prefills;
    this.allAnswerAlone = allAnswerAlone;
  }

  /**
   * Looks at every endpoint.
   *
   * @param model empty for a request that names none
   * @param assumed models that an endpoint serves as long as it has listed none
   */
  static ModelView of(PoolSnapshot snapshot, String model, ModelRule rule, Set<String> assumed) {
    var view = among(snapshot, model, rule, assumed, model.isEmpty());
    return rule == ModelRule.PREFERRED && view.count() == 0
        ? among(snapshot, model, rule, assumed, true)
        : view;
  }

  /**
   * The view.
   *
   * @param all whether every endpoint is taken to serve the model
   */
  private static ModelView among(
      PoolSnapshot snapshot, String model, ModelRule rule, Set<String> assumed, boolean all) {
    var endpoints = snapshot.endpoints();
    int[] positions = new int[endpoints.size()];
    int[] slots = new int[endpoints.size()];
    int count = 0;
    boolean mayCome = false;
    boolean prefills = false;
    boolean allAnswerAlone = true;
    for (int position = 0; position < endpoints.size(); position++) {
      var endpoint = endpoints.get(position);
      boolean serves = all || serves(endpoint, model, rule, assumed);
      if (serves && endpoint.accepts()) {
        var role = endpoint.spec().role();
        prefills |= role == Role.PREFILL;
        allAnswerAlone &= role.answersAlone();
        positions[count] = position;
        slots[count++] = endpoint.slot();
      } else {
        mayCome |= serves || endpoint.models().isEmpty();
      }
    }
    return new ModelView(
        snapshot,
        model,
        Arrays.copyOf(positions, count),
        Arrays.copyOf(slots, count),
        count > 0 ? null : whyEmpty(endpoints.isEmpty(), mayCome),
        prefills,
        allAnswerAlone);
  }

  private static boolean serves(
      Endpoint endpoint, String model, ModelRule rule, Set<String> assumed) {
    return endpoint.models().isEmpty()
        ? rule != ModelRule.LISTED || assumed.contains(model)
        : endpoint.serves(model);
  }

  private static Decision.Reason whyEmpty(boolean poolEmpty, boolean mayCome) {
    if (poolEmpty) {
      return Decision.Reason.POOL_EMPTY;
    }
    return mayCome ? Decision.Reason.NONE_READY : Decision.Reason.MODEL_NOT_SERVED;
  }

  @SuppressWarnings("ReferenceEquality") // the same snapshot: comparing contents would cost more
  boolean isOf(PoolSnapshot otherSnapshot, String otherModel) {
    return snapshot == otherSnapshot && model.equals(otherModel);
  }

  PoolSnapshot snapshot() {
    return snapshot;
  }

  int count() {
    return slots.length;
  }

  /** Whether one of them is there for prefills alone. */
  boolean prefills() {
    return prefills;
  }

  /** Whether each of them can take a whole request. */
  boolean allAnswerAlone() {
    return allAnswerAlone;
  }

  /** Why there is none, null when there is one. */
  Decision.@Nullable Reason whyEmpty() {
    return whyEmpty;
  }

  void copyTo(int[] toPositions, int[] toSlots) {
    System.arraycopy(positions, 0, toPositions, 0, positions.length);
    System.arraycopy(slots, 0, toSlots, 0, slots.length);
  }
}
