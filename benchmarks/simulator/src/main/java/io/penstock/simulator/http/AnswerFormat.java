package io.penstock.simulator.http;

import java.util.List;

/**
 * How one API writes what was generated. Confined to the pod's event loop; one per request.
 *
 * <p>A streamed answer is {@link #begin}, {@link #token} for each token of each choice, then {@link
 * #end}; one that is not streamed is {@link #whole}.
 */
interface AnswerFormat {

  /** Sends what comes before the engine has seen the request: in most formats nothing. */
  default void begin(Reply reply) {}

  /** Sends what a new token, or the end, of a choice brings. */
  void token(Reply reply, Choice choice);

  /** Sends what follows the last token of all choices, up to the end of the stream. */
  void end(Reply reply, List<Choice> choices);

  /** The body of an answer that is not streamed. */
  String whole(List<Choice> choices);
}
