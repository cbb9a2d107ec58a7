package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/** Which model an engine is asked for in place of the one that a request names. */
@FunctionalInterface
public interface SentModel {

  /** The one that is named. */
  SentModel AS_NAMED = (asked, previousResponseId) -> asked;

  /**
   * The model; called once for each request, when its body is over.
   *
   * @param asked name that the client gave the model
   * @param previousResponseId the response that the request continues, null where it continues none
   */
  String of(String asked, @Nullable String previousResponseId);
}
