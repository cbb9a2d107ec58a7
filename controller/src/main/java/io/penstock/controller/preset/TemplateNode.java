package io.penstock.controller.preset;

import java.util.List;

/** A piece of a template. */
sealed interface TemplateNode {

  /** Text that stands for itself. */
  record Text(String text) implements TemplateNode {}

  /** An expression whose value is printed. */
  record Action(Expression expression) implements TemplateNode {}

  /** The first branch whose condition holds; the last may be {@code else}, a condition true. */
  record Choice(List<Branch> branches) implements TemplateNode {}

  /** One branch of a choice. */
  record Branch(Expression condition, List<TemplateNode> body) {}
}
