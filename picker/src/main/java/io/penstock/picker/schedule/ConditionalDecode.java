package io.penstock.picker.schedule;

/**
 * A request may ask to be answered only where a part of its prompt is cached: {@code Prefer:
 * if-available} (RFC 7240). Pure functions.
 */
public final class ConditionalDecode {

  private static final String HEADER = "prefer";
  private static final String PREFERENCE = "if-available";

  private ConditionalDecode() {}

  /** Whether the request asks for that and the chosen endpoint holds nothing of it. */
  public static boolean misses(RequestHeaders headers, Decision decision) {
    int cached =
        switch (decision) {
          case Decision.Route route -> route.cachedTokens();
          case Decision.Disaggregated divided -> divided.decode().cachedTokens();
          case Decision.NoEndpoint _ -> Integer.MAX_VALUE;
        };
    return cached == 0 && asks(headers);
  }

  private static boolean asks(RequestHeaders headers) {
    var preferences = headers.value(HEADER);
    if (preferences == null) {
      return false;
    }
    for (var preference : preferences.split(",", -1)) {
      int end = preference.indexOf(';');
      var name = end < 0 ? preference : preference.substring(0, end);
      if (name.strip().equalsIgnoreCase(PREFERENCE)) {
        return true;
      }
    }
    return false;
  }
}
