package io.penstock.picker.extproc;

import io.penstock.picker.schedule.Decision;
import org.jspecify.annotations.Nullable;

/**
 * How streams are handled. Immutable.
 *
 * @param maxBodyBytes longest request body that is held; more is answered with 413
 * @param heldBodiesBytes all bodies held at once, with the messages that their pieces lie in; more
 *     is answered with 503
 * @param destinations endpoints named to the gateway, the best first; most gateways understand 1;
 *     null: as many as the pool's policy says
 * @param subsets whether the gateway's subset hint is followed
 * @param endAfterRequest whether a stream ends with the last reply to its request: the response is
 *     not seen then, so that there are no usage, no TTFT and no exact end of its load
 */
public record ExtProcSettings(
    int maxBodyBytes,
    long heldBodiesBytes,
    @Nullable Integer destinations,
    boolean subsets,
    boolean endAfterRequest) {

  /** Checks the bounds; the message names what is out of them. */
  public ExtProcSettings {
    if (maxBodyBytes < 1) {
      throw new IllegalArgumentException(
          "longest request body: " + maxBodyBytes + " bytes, allowed: 1 or more");
    }
    if (heldBodiesBytes < maxBodyBytes) {
      throw new IllegalArgumentException(
          "request bodies held: " + heldBodiesBytes + " bytes, allowed: one body or more");
    }
    int most = 1 + Decision.Route.MAX_ALTERNATIVES;
    if (destinations != null && (destinations < 1 || destinations > most)) {
      throw new IllegalArgumentException(
          "destinations: " + destinations + ", allowed: 1 to " + most);
    }
  }

  /** 50 MiB a body, a quarter of the heap for all of them, subsets followed. */
  public static ExtProcSettings defaults() {
    int body = 50 << 20;
    // One of the longest has room with what its messages bring along.
    long held = Math.max(body + body / 4, Runtime.getRuntime().maxMemory() / 4);
    return new ExtProcSettings(body, held, null, true, false);
  }
}
