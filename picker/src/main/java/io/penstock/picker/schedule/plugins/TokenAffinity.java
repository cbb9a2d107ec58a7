package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;
import io.penstock.picker.schedule.SessionHeader;

/**
 * Keeps the requests of a session together by a header that the client sends back: as a scorer 1
 * for the endpoint that it names and 0 for the others, as a filter only that endpoint where it is a
 * candidate and else all. Remembers nothing.
 */
public final class TokenAffinity implements Filter, Scorer {

  private final String type;
  private final String header;

  /**
   * The plugin.
   *
   * @param type {@link SessionAffinity#SCORER} or {@link SessionAffinity#FILTER}
   * @param header in lower case, the same in requests and answers
   */
  public TokenAffinity(String type, String header) {
    this.type = type;
    this.header = header;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public String answerHeader() {
    return header;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    int named = named(context, candidates);
    for (int i = 0; named >= 0 && i < candidates.count(); i++) {
      if (i != named) {
        candidates.drop(i);
      }
    }
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int named = named(context, candidates);
    if (named >= 0) {
      scores[named] = 1;
    }
  }

  /** The candidate that the request names, -1 if there is none. */
  private int named(SchedulingContext context, Candidates candidates) {
    var value = context.header(header);
    long token = value == null ? SessionHeader.NONE : SessionHeader.token(value);
    for (int i = 0; token != SessionHeader.NONE && i < candidates.count(); i++) {
      if (SessionHeader.names(token, candidates.endpoint(i))) {
        return i;
      }
    }
    return -1;
  }
}
