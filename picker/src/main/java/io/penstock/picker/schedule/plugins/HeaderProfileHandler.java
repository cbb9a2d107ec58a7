package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;

/**
 * Runs the profile that a header of the request names, the default one where the header is absent,
 * and the only one where there is no other. A name that no profile has gets no endpoint.
 */
public final class HeaderProfileHandler implements ProfileHandler {

  /** Type in configuration. */
  public static final String TYPE = "header-profile-handler";

  private final String header;
  private final String defaultProfile;
  private final List<String> profiles;

  /**
   * A handler.
   *
   * @param header in lower case
   * @param profiles names in the scheduler's order
   */
  public HeaderProfileHandler(String header, String defaultProfile, List<String> profiles) {
    this.header = header;
    this.defaultProfile = defaultProfile;
    this.profiles = List.copyOf(profiles);
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public int next(SchedulingContext context) {
    int chosen = chosen(context);
    return chosen >= 0 && context.result(chosen) == null ? chosen : -1;
  }

  @Override
  public Decision decide(SchedulingContext context) {
    int chosen = chosen(context);
    return chosen < 0
        ? new Decision.NoEndpoint(Decision.Reason.FILTERED)
        : context.routes().to(chosen);
  }

  private int chosen(SchedulingContext context) {
    if (profiles.size() == 1) {
      return 0;
    }
    var named = context.header(header);
    return profiles.indexOf(named == null ? defaultProfile : named);
  }
}
