package io.penstock.proxy.app;

import io.penstock.picker.explain.DecisionLog;
import io.penstock.picker.explain.DecisionRecord;
import io.penstock.proxy.admin.LiveFeed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * What one open page hears: the decisions that were made and those that ended since it last asked,
 * read from the decision logs, and the pods once a second. The data path does nothing for it.
 * Confined to one caller at a time.
 *
 * <p>Events: {@code decisions} with {@code {"made","matched","shown","decisions":[…]}}, where a
 * decision comes when it is made and again when its request has ended, and {@code pods} with what
 * {@code /debug/endpoints} says. At most {@link #MOST_SHOWN} decisions are new in a turn, evenly
 * taken from those that match; {@code matched} over {@code shown} is the sampling factor. The end
 * is told of those that were shown; of no more than {@link #MOST_OPEN} at a time.
 */
final class DecisionFeed implements LiveFeed {

  static final int MOST_SHOWN = 25;
  static final int MOST_OPEN = 2_048;
  private static final int PODS_EVERY_TURNS = 10;

  private final List<DecisionLog> logs;
  private final List<long[]> positions = new ArrayList<>();
  private final Predicate<DecisionRecord> matching;
  private final Predicate<DecisionRecord> mayMatch;
  private final Supplier<String> pods;

  /** Shown, and not ended. */
  private final ArrayDeque<DecisionRecord> open = new ArrayDeque<>();

  /** Not shown yet, since how they end decides whether they are. */
  private final ArrayDeque<DecisionRecord> waiting = new ArrayDeque<>();

  private int turn;

  /**
   * A feed that begins now.
   *
   * @param matching which decisions are shown, asked again as they go on
   * @param mayMatch which of those that do not match yet may still do so when they have ended
   * @param pods the pods as a JSON array
   */
  DecisionFeed(
      List<DecisionLog> logs,
      Predicate<DecisionRecord> matching,
      Predicate<DecisionRecord> mayMatch,
      Supplier<String> pods) {
    this.logs = List.copyOf(logs);
    this.matching = matching;
    this.mayMatch = mayMatch;
    this.pods = pods;
    for (var log : this.logs) {
      positions.add(log.position());
    }
  }

  @Override
  public String next() {
    var events = new StringBuilder();
    if (turn % PODS_EVERY_TURNS == 0) {
      events.append("event: pods\ndata: ").append(pods.get()).append("\n\n");
    }
    turn++;
    decisions(events);
    return events.toString();
  }

  private void decisions(StringBuilder events) {
    List<DecisionRecord> made = new ArrayList<>();
    long count = 0;
    for (int i = 0; i < logs.size(); i++) {
      count += logs.get(i).after(positions.get(i), made);
    }
    var shown = takeEnded(open);
    List<DecisionRecord> matched = new ArrayList<>();
    for (var decision : takeEnded(waiting)) {
      if (matching.test(decision)) {
        matched.add(decision);
      }
    }
    for (var decision : made) {
      boolean ended = decision.ended(); // asked first: what ends meanwhile is looked at again
      if (matching.test(decision)) {
        matched.add(decision);
      } else if (!ended && mayMatch.test(decision)) {
        follow(waiting, decision);
      }
    }
    int places = Math.min(MOST_SHOWN, matched.size());
    for (int i = 0; i < places; i++) {
      var decision = matched.get((int) ((long) i * matched.size() / places));
      shown.add(decision);
      if (!decision.ended()) {
        follow(open, decision);
      }
    }
    if (count == 0 && shown.isEmpty()) {
      return;
    }
    events.append("event: decisions\ndata: {\"made\":").append(count);
    events.append(",\"matched\":").append(matched.size()).append(",\"shown\":").append(places);
    events.append(",\"decisions\":");
    EndpointJson.summaries(events, shown);
    events.append("}\n\n");
  }

  private static List<DecisionRecord> takeEnded(ArrayDeque<DecisionRecord> from) {
    List<DecisionRecord> ended = new ArrayList<>();
    for (Iterator<DecisionRecord> each = from.iterator(); each.hasNext(); ) {
      var decision = each.next();
      if (decision.ended()) {
        each.remove();
        ended.add(decision);
      }
    }
    return ended;
  }

  private static void follow(ArrayDeque<DecisionRecord> in, DecisionRecord decision) {
    if (in.size() == MOST_OPEN) {
      in.removeFirst();
    }
    in.addLast(decision);
  }
}
