package io.penstock.picker.schedule;

import org.jspecify.annotations.Nullable;

/**
 * The headers of a request, as far as a policy asks for them. Implemented by whoever received the
 * request; called on its event loop, while it is decided on.
 */
@FunctionalInterface
public interface RequestHeaders {

  /** A request without headers, or of a policy that asks for none. */
  RequestHeaders NONE = name -> null;

  /**
   * The value of a header, the first where it is there more than once; null where it is absent.
   *
   * @param name in lower case
   */
  @Nullable String value(String name);
}
