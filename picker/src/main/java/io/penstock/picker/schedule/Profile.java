package io.penstock.picker.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Filters in order, then scorers, then one picker. Immutable; shared by all event loops.
 *
 * @param name as configuration names it
 * @param filters run in order; the first that leaves nothing ends the run
 * @param scorers their weighted sum is what the picker sees
 */
public record Profile(String name, List<Filter> filters, List<Weighted> scorers, Picker picker) {

  /** A scorer and the weight of its score, which is not normalised. */
  public record Weighted(Scorer scorer, double weight) {}

  /** Copies the lists. */
  public Profile {
    filters = List.copyOf(filters);
    scorers = List.copyOf(scorers);
  }

  /** Names of the columns of a run: one weighted score per scorer, then the picker's own. */
  List<String> terms() {
    List<String> terms = new ArrayList<>();
    for (var weighted : scorers) {
      terms.add(weighted.scorer().type());
    }
    terms.addAll(picker.terms());
    return List.copyOf(terms);
  }

  /** Its filters and scorers. */
  List<ProfilePlugin> plugins() {
    List<ProfilePlugin> plugins = new ArrayList<>(filters);
    scorers.forEach(weighted -> plugins.add(weighted.scorer()));
    return plugins;
  }

  /** Runs the profile; afterwards the candidates are ranked, or none is left. */
  void run(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < filters.size() && candidates.count() > 0; i++) {
      var filter = filters.get(i);
      filter.filter(context, candidates);
      candidates.removeDropped(filter.type());
      if (candidates.count() == 0) {
        candidates.whyNone(filter.whenNoneIsLeft());
      }
    }
    if (candidates.count() == 0) {
      return;
    }
    score(context, candidates);
    picker.pick(context, candidates, scorers.size());
    for (int i = 0; i < filters.size(); i++) {
      filters.get(i).picked(context, candidates);
    }
    for (int i = 0; i < scorers.size(); i++) {
      scorers.get(i).scorer().picked(context, candidates);
    }
  }

  private void score(SchedulingContext context, Candidates candidates) {
    int count = candidates.count();
    var sums = candidates.scores();
    Arrays.fill(sums, 0, count, 0);
    for (int k = 0; k < scorers.size(); k++) {
      var weighted = scorers.get(k);
      var column = candidates.term(k);
      Arrays.fill(column, 0, count, 0);
      weighted.scorer().score(context, candidates, column);
      for (int i = 0; i < count; i++) {
        column[i] = weighted.weight() * Math.clamp(column[i], 0.0, 1.0);
        sums[i] += column[i];
      }
    }
  }
}
