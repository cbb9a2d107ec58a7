package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Weighing;
import io.penstock.picker.schedule.Weighing.Reason;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs one profile for the endpoint that answers, another for the one that computes the prompt, and
 * a third for those that encode images, audio and video. Immutable; shared by all event loops.
 *
 * <p>Decode first: the decode profile, then, where the decider says so of what it picked, the
 * prefill profile. Prefill first: both, for every request. The endpoint of the earlier stage is the
 * later one's {@link SchedulingContext#peer}. Requests that cannot be divided get no prefill stage,
 * and a stage that finds no endpoint, or the one that answers, leaves the request whole. The encode
 * stage, where its decider wants it, comes right before the last of the others.
 */
public final class DisaggProfileHandler implements ProfileHandler {

  /** Type in configuration. */
  public static final String TYPE = "disagg-profile-handler";

  /** Older type in configuration, always decode first. */
  public static final String OLDER_TYPE = "pd-profile-handler";

  /** No profile of that stage. */
  public static final int NO_PROFILE = -1;

  private final String type;
  private final boolean prefillFirst;
  private final int decodeProfile;
  private final int prefillProfile;
  private final @Nullable DisaggregationDecider decider;
  private final @Nullable Encoding encoding;
  private final IntToLongFunction handOverNanos;

  /**
   * The encode stage.
   *
   * @param profile index of the profile of endpoints that encode
   * @param endpoints how many of them a request gets at most
   * @param decider whether a request is encoded elsewhere
   */
  public record Encoding(int profile, int endpoints, EncodeDecider decider) {}

  /**
   * A handler.
   *
   * @param type as configuration names it
   * @param prefillFirst the order of the stages
   * @param decodeProfile index of the profile of endpoints that answer
   * @param prefillProfile index of that of endpoints that prefill, {@link #NO_PROFILE} for none
   * @param decider whether a request is divided; null: none is, decode first
   * @param encoding the encode stage, null where there is none
   * @param handOverNanos time that the KV cache of so many tokens takes from one to the other
   */
  public DisaggProfileHandler(
      String type,
      boolean prefillFirst,
      int decodeProfile,
      int prefillProfile,
      @Nullable DisaggregationDecider decider,
      @Nullable Encoding encoding,
      IntToLongFunction handOverNanos) {
    this.type = type;
    this.prefillFirst = prefillFirst;
    this.decodeProfile = decodeProfile;
    this.prefillProfile = prefillProfile;
    this.decider = decider;
    this.encoding = encoding;
    this.handOverNanos = handOverNanos;
  }

  @Override
  public String type() {
    return type;
  }

  @Override
  public boolean optional(int profile) {
    return profile == prefillProfile || encodes(profile);
  }

  @Override
  public boolean encodes(int profile) {
    return encoding != null && profile == encoding.profile();
  }

  @Override
  public int next(SchedulingContext context) {
    return prefillFirst ? afterPrefill(context) : afterDecode(context);
  }

  private int afterPrefill(SchedulingContext context) {
    var prefill = context.result(prefillProfile);
    if (prefill == null && context.weighing() == null) {
      var whole = Weighing.whyWhole(context.request());
      if (whole == null) {
        return prefillProfile;
      }
      context.weigh(Weighing.of(whole));
    }
    if (context.result(decodeProfile) != null) {
      return -1;
    }
    int encode = encodeNext(context);
    if (encode != NO_PROFILE) {
      return encode;
    }
    if (prefill != null && prefill.ranked() > 0) {
      context.peer(best(prefill));
    }
    return decodeProfile;
  }

  private int afterDecode(SchedulingContext context) {
    var decode = context.result(decodeProfile);
    if (decode == null) {
      return decodeProfile;
    }
    if (decode.ranked() == 0) {
      return -1;
    }
    int encode = encodeNext(context);
    if (encode != NO_PROFILE) {
      return encode;
    }
    if (prefillProfile == NO_PROFILE) {
      return -1;
    }
    if (context.weighing() != null || context.result(prefillProfile) != null) {
      return -1;
    }
    var whole = whyWhole(context, decode);
    if (whole != null) {
      context.weigh(Weighing.of(whole));
      return -1;
    }
    context.peer(best(decode));
    return prefillProfile;
  }

  /** The encode profile where it is to run now, else {@link #NO_PROFILE}. */
  private int encodeNext(SchedulingContext context) {
    var stage = encoding;
    return stage != null
            && context.result(stage.profile()) == null
            && stage.decider().encodes(context.request())
        ? stage.profile()
        : NO_PROFILE;
  }

  private @Nullable Reason whyWhole(SchedulingContext context, Candidates decode) {
    if (decider == null) {
      return Reason.NEVER;
    }
    var whole = Weighing.whyWhole(context.request());
    if (whole != null) {
      return whole;
    }
    return decider.divides(context, decode) ? null : Reason.DECIDER;
  }

  @Override
  public Decision decide(SchedulingContext context) {
    var routes = context.routes();
    if (encoding != null) {
      routes.encodeOn(encoding.profile(), encoding.endpoints(), decodeProfile);
    }
    var decode = context.result(decodeProfile);
    var prefill = prefillProfile == NO_PROFILE ? null : context.result(prefillProfile);
    if (decode == null || decode.ranked() == 0 || prefill == null) {
      return routes.to(decodeProfile);
    }
    if (prefill.ranked() == 0) {
      context.weigh(Weighing.of(Reason.NO_PREFILL_ENDPOINT));
      return routes.to(decodeProfile);
    }
    if (id(prefill).equals(id(decode))) {
      context.weigh(Weighing.of(Reason.SAME_ENDPOINT));
      return routes.to(decodeProfile);
    }
    int missing = context.promptTokens() - context.cachedTokens(decode, decode.ranked(0));
    return routes.disaggregate(
        decodeProfile,
        0,
        prefillProfile,
        0,
        handOverNanos.applyAsLong(missing),
        Weighing.of(prefillFirst ? Reason.ALWAYS : Reason.DECIDER));
  }

  private static Endpoint best(Candidates candidates) {
    return candidates.endpoint(candidates.ranked(0));
  }

  private static EndpointId id(Candidates candidates) {
    return best(candidates).id();
  }
}
