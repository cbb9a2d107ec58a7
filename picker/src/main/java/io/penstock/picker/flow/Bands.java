package io.penstock.picker.flow;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bands of a pool, the greatest priority first. Band 0 and those that are configured are always
 * there; one for another priority comes with the first request that has it, and goes when nothing
 * waited there for ten minutes. Owned by the gate.
 */
final class Bands {

  /** Bands that come by themselves; requests of further priorities wait in band 0. */
  static final int MOST_DYNAMIC = 256;

  private static final long IDLE_NANOS = 600_000_000_000L;
  private static final Comparator<Band> GREATEST_FIRST =
      Comparator.comparingInt(Band::priority).reversed();

  private final FlowSettings settings;
  private final Map<Integer, Band> byPriority = new HashMap<>();
  private final List<Band> sorted = new ArrayList<>();
  private int dynamic;

  Bands(FlowSettings settings, long nowNanos) {
    this.settings = settings;
    for (int priority : settings.bands().keySet()) {
      add(priority, nowNanos);
    }
    if (!byPriority.containsKey(0)) {
      add(0, nowNanos);
    }
  }

  private Band add(int priority, long nowNanos) {
    var band = new Band(priority, settings.band(priority), nowNanos);
    byPriority.put(priority, band);
    sorted.add(band);
    sorted.sort(GREATEST_FIRST);
    return band;
  }

  /** The band of a priority. */
  Band of(int priority, long nowNanos) {
    var known = byPriority.get(priority);
    if (known != null) {
      return known;
    }
    if (dynamic >= MOST_DYNAMIC) {
      return of(0, nowNanos);
    }
    dynamic++;
    return add(priority, nowNanos);
  }

  /** The greatest priority first. */
  List<Band> sorted() {
    return sorted;
  }

  /** Up to which saturation the band of that rank may go on. */
  double ceiling(int rank, double saturation) {
    return settings
        .limit()
        .ceiling(
            rank,
            sorted.size(),
            sorted.get(rank).priority(),
            sorted.getFirst().priority(),
            sorted.getLast().priority(),
            saturation);
  }

  /** Forgets what nobody uses. */
  void sweep(long nowNanos) {
    for (int i = sorted.size() - 1; i >= 0; i--) {
      var band = sorted.get(i);
      band.sweep(nowNanos);
      boolean stays = band.priority() == 0 || settings.bands().containsKey(band.priority());
      if (!stays && band.idle(IDLE_NANOS, nowNanos)) {
        sorted.remove(i);
        byPriority.remove(band.priority());
        dynamic--;
      }
    }
  }
}
