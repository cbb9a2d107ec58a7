package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** What stands between the braces of a template. */
sealed interface Expression {

  /** A number, a text, true or false. */
  record Literal(JsonNode value) implements Expression {}

  /**
   * {@code .A.B}, {@code $.A.B} or {@code (…).A.B}: fields of what {@code from} is.
   *
   * @param from where the chain starts
   * @param fields names of fields, as Go writes them
   */
  record Chain(Expression from, List<String> fields) implements Expression {}

  /** {@code .}, the value that the template was called with. */
  record Dot() implements Expression {}

  /** {@code $}, the service with its merged spec. */
  record Root() implements Expression {}

  /** A function and its arguments. */
  record Call(String function, List<Expression> arguments) implements Expression {}
}
