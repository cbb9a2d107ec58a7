package io.penstock.picker.assembly;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.prefix.Learned;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.signals.Reservation;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts at a pool's endpoints what other replicas have placed there, and teaches the index their
 * prompts, as if this process had placed it. Confined, with what it returns, to one thread: one of
 * the event loops that the picker was built with, so that the slot of an endpoint that has gone
 * gets no new owner while a call is still about to use it.
 */
public final class Mirror {

  private final PoolState state;
  private final Placements placements;
  private final int column;
  private final Map<EndpointId, Endpoint> byId = new HashMap<>();
  private long version = -1; // of the snapshot that byId is of

  Mirror(PoolState state, Placements placements, int column) {
    this.state = state;
    this.placements = placements;
    this.column = column;
  }

  /**
   * Another replica has placed something.
   *
   * @param uncachedTokens prompt tokens that the endpoint must prefill, not negative
   * @param contextTokens tokens that the request will hold in the KV cache, not negative
   * @param handOverTokens tokens of a KV cache that another endpoint sends; -1: none does
   * @param keys of the prompt; none where the endpoint will not hold it
   * @return to be told what becomes of it; null for an endpoint that is not known here
   */
  public PlacementFeed.@Nullable Told placed(
      EndpointId endpoint,
      int uncachedTokens,
      int contextTokens,
      int handOverTokens,
      PromptKeys keys) {
    var known = endpoint(endpoint);
    if (known == null) {
      return null;
    }
    int slot = known.slot();
    var inFlight = state.inFlight();
    var reservation =
        handOverTokens >= 0
            ? inFlight.reserveHandOver(column, slot, handOverTokens, contextTokens)
            : inFlight.reserve(column, slot, uncachedTokens, contextTokens);
    var learned = state.index().learn(slot, keys.array(), keys.count());
    double routedAt = state.costs().routedElsewhere(uncachedTokens);
    placements.loadChanged(slot);
    return new Mirrored(reservation, learned, uncachedTokens, routedAt);
  }

  private @Nullable Endpoint endpoint(EndpointId id) {
    var snapshot = state.pool().snapshot();
    if (snapshot.version() != version) {
      version = snapshot.version();
      byId.clear();
      snapshot.endpoints().forEach(endpoint -> byId.put(endpoint.id(), endpoint));
    }
    return byId.get(id);
  }

  private final class Mirrored implements PlacementFeed.Told {
    private final Reservation reservation;
    private final Learned learned;
    private final int uncachedTokens;
    private final double routedAt;

    Mirrored(Reservation reservation, Learned learned, int uncachedTokens, double routedAt) {
      this.reservation = reservation;
      this.learned = learned;
      this.uncachedTokens = uncachedTokens;
      this.routedAt = routedAt;
    }

    @Override
    public void firstToken() {
      reservation.firstToken();
      state.index().confirm(learned);
      placements.loadChanged(reservation.slot());
    }

    @Override
    public void ended() {
      reservation.end();
      placements.loadChanged(reservation.slot());
    }

    @Override
    public void unlearned() {
      state.index().unlearn(learned);
      state.costs().unroutedElsewhere(uncachedTokens, routedAt);
    }
  }
}
