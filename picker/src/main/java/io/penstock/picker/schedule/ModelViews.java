package io.penstock.picker.schedule;

import io.penstock.picker.pool.PoolSnapshot;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The views that were made last, so that a request makes none as long as the pool stands still and
 * no more than {@link #KEPT} models are asked for in turn. Confined to one event loop.
 */
final class ModelViews {

  private static final int KEPT = 8;

  private final @Nullable ModelView[] views = new ModelView[KEPT];
  private int next;

  /**
   * The endpoints of a snapshot that serve a model; where no such view is kept, one is made in
   * place of the oldest.
   *
   * @param rule the same in every call, as {@code assumed} is
   */
  ModelView of(PoolSnapshot snapshot, String model, ModelRule rule, Set<String> assumed) {
    for (var view : views) {
      if (view != null && view.isOf(snapshot, model)) {
        return view;
      }
    }
    var made = ModelView.of(snapshot, model, rule, assumed);
    views[next] = made;
    next = (next + 1) % KEPT;
    return made;
  }
}
