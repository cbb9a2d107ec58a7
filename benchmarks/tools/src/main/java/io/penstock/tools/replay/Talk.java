package io.penstock.tools.replay;

import io.penstock.picker.assembly.Mirror;
import io.penstock.picker.assembly.PlacementFeed;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;
import io.penstock.simulator.engine.EngineClock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the gateways of one replay tell each other: each placement, its first token and its end,
 * every one a fixed time late. Confined to the replay's thread.
 */
final class Talk {

  private final EngineClock clock;
  private final long delayNanos;
  private final List<Listener> listeners = new ArrayList<>();

  Talk(EngineClock clock, long delayNanos) {
    this.clock = clock;
    this.delayNanos = delayNanos;
  }

  /** One gateway's part. */
  final class Listener implements PlacementFeed {
    private @Nullable Mirror mirror;

    Listener() {
      listeners.add(this);
    }

    /** Where it counts what the others send. */
    void mirror(Mirror value) {
      mirror = value;
    }

    @Override
    public Told placed(
        Endpoint endpoint, int uncached, int context, int handOver, PromptKeys keys) {
      List<Heard> others = new ArrayList<>();
      for (var other : listeners) {
        if (other != this) {
          var heard = new Heard();
          others.add(heard);
          clock.schedule(
              delayNanos,
              () -> heard.told = other.hear(endpoint.id(), uncached, context, handOver, keys));
        }
      }
      return new Telling(others);
    }

    private @Nullable Told hear(
        EndpointId endpoint, int uncached, int context, int handOver, PromptKeys keys) {
      return mirror == null ? null : mirror.placed(endpoint, uncached, context, handOver, keys);
    }
  }

  /** A placement where it was heard of; null before that, and where its endpoint is not known. */
  private static final class Heard {
    private PlacementFeed.@Nullable Told told;
  }

  private final class Telling implements PlacementFeed.Told {
    private final List<Heard> others;

    Telling(List<Heard> others) {
      this.others = others;
    }

    @Override
    public void firstToken() {
      tell(PlacementFeed.Told::firstToken);
    }

    @Override
    public void ended() {
      tell(PlacementFeed.Told::ended);
    }

    @Override
    public void unlearned() {
      tell(PlacementFeed.Told::unlearned);
    }

    private void tell(Consumer<PlacementFeed.Told> what) {
      for (var other : others) {
        clock.schedule(
            delayNanos,
            () -> {
              if (other.told != null) {
                what.accept(other.told);
              }
            });
      }
    }
  }
}
