package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever order ends come in, and however often, everything reserved is returned. */
class ReservationConservationTest {

  private static final int COLUMNS = 3;
  private static final int ENDPOINTS = 5;

  @Test
  void every_reservation_is_returned() {
    for (long seed = 1; seed <= 100; seed++) {
      new Story(seed).tell();
    }
  }

  private static final class Story {
    private final long seed;
    private final SplittableRandom random;
    private final TestPool pool = new TestPool(ENDPOINTS, COLUMNS);
    private final List<Placement> open = new ArrayList<>();

    Story(long seed) {
      this.seed = seed;
      this.random = new SplittableRandom(seed);
    }

    void tell() {
      for (int step = 0; step < 400; step++) {
        if (open.isEmpty() || random.nextInt(3) == 0) {
          place();
        } else {
          move(open.get(random.nextInt(open.size())));
        }
        changePool(step);
        pool.pass(random.nextInt(50));
      }
      for (var placement : open) {
        placement.aborted(pool.now);
      }

      assertThat(pool.picker.inFlight().total()).as("seed %s", seed).isZero();
      for (int column = 0; column < COLUMNS; column++) {
        pool.pick(request(), column, new Exclusions());
      }
      assertThat(pool.picker.inFlight().total()).as("seed %s, after picks", seed).isZero();
    }

    private void place() {
      int column = random.nextInt(COLUMNS);
      var request = request();
      if (pool.pick(request, column, new Exclusions()) instanceof Decision.Route route) {
        var endpoint =
            route.alternatives().isEmpty() || random.nextBoolean()
                ? route.endpoint()
                : route.alternatives().getLast();
        open.add(pool.picker.placements().place(request, route, endpoint, column, pool.now));
      }
    }

    private InferenceRequest request() {
      return random.nextBoolean()
          ? TestPool.prompt(random.nextInt(4), 1 + random.nextInt(30))
          : InferenceRequest.builder(TestPool.prompt(0, 1).api(), TestPool.MODEL)
              .promptBytes(random.nextInt(20_000))
              .build();
    }

    /** Ended placements stay in the list, so that ends come twice. */
    private void move(Placement placement) {
      switch (random.nextInt(6)) {
        case 0, 1 -> placement.firstByte(pool.now);
        case 2 -> placement.tokens(1 + random.nextInt(40), pool.now);
        case 3 -> placement.completed(100, -1, 20, pool.now);
        case 4 -> placement.failed(FailureKind.RESET, pool.now);
        default -> placement.aborted(pool.now);
      }
      if (open.size() > 40) {
        open.removeFirst().aborted(pool.now);
      }
    }

    /** Endpoints leave and come back while requests are on their way to them. */
    private void changePool(int step) {
      var endpoints = pool.picker.snapshot().endpoints();
      if (step % 20 == 10 && !endpoints.isEmpty()) {
        pool.remove(endpoints.get(random.nextInt(endpoints.size())));
      } else if (step % 60 == 50) {
        pool.add(ENDPOINTS);
      }
    }
  }
}
