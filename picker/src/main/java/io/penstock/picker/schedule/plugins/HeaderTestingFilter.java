package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps the endpoints that the request itself names in a header, for conformance tests: {@code ip}
 * or {@code ip:port}, several with commas between them. None stays where the header is absent.
 */
public final class HeaderTestingFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "header-based-testing-filter";

  /** The header. */
  public static final String HEADER = "test-epp-endpoint-selection";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    var header = context.header(HEADER);
    var wanted = header == null ? new String[0] : header.split(",", -1);
    for (int i = 0; i < candidates.count(); i++) {
      if (!named(candidates.endpoint(i), wanted)) {
        candidates.drop(i);
      }
    }
  }

  private static boolean named(Endpoint endpoint, String[] wanted) {
    for (var entry : wanted) {
      var name = entry.strip();
      if (name.equals(endpoint.spec().host()) || name.equals(endpoint.address())) {
        return true;
      }
    }
    return false;
  }
}
