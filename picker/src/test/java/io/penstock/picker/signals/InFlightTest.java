package io.penstock.picker.signals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.pool.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class InFlightTest {

  @Test
  void sumsTheColumnsOfAllLoops() {
    var inFlight = new InFlight(3);

    inFlight.add(0, 5, 100, 120);
    inFlight.add(2, 5, 10, 50);
    inFlight.add(2, 6, 1, 1);

    assertThat(inFlight.requests(5)).isEqualTo(2);
    assertThat(inFlight.pendingPrefillTokens(5)).isEqualTo(110);
    assertThat(inFlight.contextTokens(5)).isEqualTo(170);
    assertThat(inFlight.decoding(5)).isZero();
    assertThat(inFlight.requests(Endpoint.MAX_SLOTS - 1)).isZero();
  }

  @Test
  void theFirstTokenEndsThePrefill() {
    var inFlight = new InFlight(1);
    var reservation = inFlight.reserve(0, 1, 100, 400);

    reservation.firstToken();
    reservation.firstToken();

    assertThat(inFlight.pendingPrefillTokens(1)).isZero();
    assertThat(inFlight.decoding(1)).isEqualTo(1);
    assertThat(inFlight.contextTokens(1)).isEqualTo(400);
    assertThat(inFlight.idle(1)).isFalse();
  }

  @Test
  void whatReplicasSendCountsBesideWhatIsSentFromHere() {
    var inFlight = InFlight.besideReplicas(1);
    var own = inFlight.reserve(0, 5, 100, 120);
    var other = inFlight.reserve(1, 5, 10, 50);
    var handedOver = inFlight.reserveHandOver(1, 5, 30, 60);

    assertThat(inFlight.requests(5)).isEqualTo(3);
    assertThat(inFlight.pendingPrefillTokens(5)).isEqualTo(110);
    assertThat(inFlight.handOverTokens(5)).isEqualTo(30);
    assertThat(inFlight.fromHere().requests(5)).isEqualTo(1);
    assertThat(inFlight.fromHere().pendingPrefillTokens(5)).isEqualTo(100);
    assertThat(inFlight.fromHere().contextTokens(5)).isEqualTo(120);
    own.end();
    assertThat(inFlight.fromHere().idle(5)).isTrue();
    assertThat(inFlight.idle(5)).isFalse();
    other.end();
    handedOver.end();
    assertThat(inFlight.total()).isZero();
  }

  @Test
  void whoListensHearsEachStepOfAReservationOnce() {
    var inFlight = new InFlight(1);
    List<String> heard = new ArrayList<>();
    var reservation = inFlight.reserve(0, 1, 100, 400);
    reservation.listen(
        new ReservationListener() {
          @Override
          public void firstToken() {
            heard.add("first token");
          }

          @Override
          public void ended() {
            heard.add("ended");
          }
        });

    reservation.firstToken();
    reservation.firstToken();
    reservation.end();
    reservation.firstToken();
    reservation.end();

    assertThat(heard).containsExactly("first token", "ended");
  }

  @Test
  void aReservationIsReturnedOnceInWhateverStateItEnds() {
    var inFlight = new InFlight(1);
    var aborted = inFlight.reserve(0, 1, 100, 400);
    var finished = inFlight.reserve(0, 1, 7, 9);

    finished.firstToken();
    finished.end();
    finished.end();
    aborted.end();
    aborted.firstToken();
    aborted.end();

    assertThat(inFlight.idle(1)).isTrue();
    assertThat(inFlight.total()).isZero();
  }

  @Test
  void refusesNegativeTokens() {
    var inFlight = new InFlight(1);

    assertThatThrownBy(() -> inFlight.reserve(0, 0, -1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> inFlight.reserveHandOver(0, 0, -1, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(inFlight.total()).isZero();
  }

  @Test
  void agreesWithANaiveModelAndReturnsToZero() {
    for (long seed = 1; seed <= 20; seed++) {
      var random = new SplittableRandom(seed);
      var inFlight = new InFlight(4);
      var open = new ArrayList<Model>();
      for (int step = 0; step < 2_000; step++) {
        int choice = random.nextInt(3);
        if (choice == 0 || open.isEmpty()) {
          int slot = random.nextInt(4) * 300;
          int uncached = random.nextInt(100_000);
          int context = uncached + random.nextInt(100_000);
          int column = random.nextInt(4);
          boolean handedOver = random.nextBoolean();
          var reservation =
              handedOver
                  ? inFlight.reserveHandOver(column, slot, uncached, context)
                  : inFlight.reserve(column, slot, uncached, context);
          open.add(new Model(reservation, slot, uncached, context, handedOver, false));
        } else {
          int at = random.nextInt(open.size());
          var model = open.get(at);
          if (choice == 1) {
            model.reservation.firstToken();
            open.set(at, model.afterFirstToken());
          } else {
            model.reservation.end();
            open.remove(at);
          }
        }
        check(inFlight, open, random.nextInt(4) * 300, seed);
      }
      open.forEach(model -> model.reservation.end());
      assertThat(inFlight.total()).as("seed %d", seed).isZero();
    }
  }

  @Test
  void loopsThatWriteAtOnceLoseNothing() throws InterruptedException {
    int loops = 3;
    var inFlight = new InFlight(loops);
    var threads = new ArrayList<Thread>();
    for (int column = 0; column < loops; column++) {
      int own = column;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 20_000; i++) {
                      var reservation = inFlight.reserve(own, i % 600, 3, 5);
                      if (i % 2 == 0) {
                        reservation.firstToken();
                      }
                      if (i % 4 != 0) {
                        reservation.end();
                      }
                    }
                  }));
    }
    for (var thread : threads) {
      thread.join();
    }

    long left = 5_000L * loops;
    assertThat(inFlight.total()).isEqualTo(left + left * 5 + left);
  }

  private static void check(InFlight inFlight, List<Model> open, int slot, long seed) {
    var there = open.stream().filter(model -> model.slot == slot).toList();
    assertThat(inFlight.requests(slot)).as("seed %d", seed).isEqualTo(there.size());
    assertThat(inFlight.idle(slot)).as("seed %d", seed).isEqualTo(there.isEmpty());
    assertThat(inFlight.pendingPrefillTokens(slot))
        .as("seed %d", seed)
        .isEqualTo(tokens(there, false));
    assertThat(inFlight.handOverTokens(slot)).as("seed %d", seed).isEqualTo(tokens(there, true));
    assertThat(inFlight.handOvers(slot))
        .as("seed %d", seed)
        .isEqualTo(there.stream().filter(m -> m.handedOver && !m.decoding).count());
    assertThat(inFlight.contextTokens(slot))
        .as("seed %d", seed)
        .isEqualTo(there.stream().mapToLong(m -> m.context).sum());
    assertThat(inFlight.decoding(slot))
        .as("seed %d", seed)
        .isEqualTo(there.stream().filter(m -> m.decoding).count());
  }

  private static long tokens(List<Model> there, boolean handedOver) {
    return there.stream()
        .filter(model -> !model.decoding && model.handedOver == handedOver)
        .mapToLong(model -> model.tokens)
        .sum();
  }

  /** Its tokens are to be computed there or to be sent there. */
  private record Model(
      Reservation reservation,
      int slot,
      int tokens,
      int context,
      boolean handedOver,
      boolean decoding) {

    Model afterFirstToken() {
      return new Model(reservation, slot, tokens, context, handedOver, true);
    }
  }
}
