package io.penstock.picker.signals;

import java.util.List;

/**
 * Events of the Responses API that say nothing of an engine's work. vLLM sends them when it accepts
 * a request, before its engine has looked at it.
 */
public final class ResponseEvents {

  /** What such events are called in their {@code event:} line. */
  public static final List<String> ANNOUNCEMENTS =
      List.of("response.created", "response.queued", "response.in_progress");

  private ResponseEvents() {}
}
