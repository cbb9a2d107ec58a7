package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.proxy.exchange.Deadlines.Deadline;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a loop whose time the test moves; the deadlines' own clock moves with it. */
class DeadlinesTest {

  private static final long TICK = Deadlines.TICK_NANOS;

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<String> fired = new ArrayList<>();
  private long now = Long.MAX_VALUE - 10 * TICK;
  private Deadlines deadlines;

  @BeforeEach
  void freeze() {
    channel.freezeTime();
    deadlines = new Deadlines(channel.eventLoop(), () -> now);
  }

  @AfterEach
  void close() {
    channel.finish();
  }

  private final class Named extends Deadline {
    private final String name;
    private Runnable then = () -> {};
    private long due;

    Named(String name) {
      this.name = name;
    }

    Named in(long nanos) {
      due = now + nanos;
      deadlines.set(this, due);
      return this;
    }

    @Override
    protected void expired(long nowNanos) {
      assertThat(nowNanos - due).as(name).isBetween(0L, TICK);
      fired.add(name);
      then.run();
    }
  }

  private void pass(long nanos) {
    for (long left = nanos; left > 0; left -= TICK / 10) {
      long step = Math.min(left, TICK / 10);
      now += step;
      channel.advanceTimeBy(step, TimeUnit.NANOSECONDS);
      channel.runScheduledPendingTasks();
    }
  }

  @Test
  void a_limit_fires_once_never_early_and_at_most_one_tick_late() {
    new Named("a").in(5 * TICK);
    pass(5 * TICK - 1);
    assertThat(fired).isEmpty();
    pass(TICK + 1);
    assertThat(fired).containsExactly("a");
    pass(100 * TICK);
    assertThat(fired).hasSize(1);
  }

  @Test
  void a_limit_that_is_moved_fires_where_it_was_moved_to() {
    var a = new Named("a").in(2 * TICK);
    pass(TICK);
    a.in(5 * TICK);
    pass(4 * TICK);
    assertThat(fired).isEmpty();
    pass(2 * TICK);
    assertThat(fired).containsExactly("a");
  }

  @Test
  void a_limit_that_is_cleared_never_fires() {
    var a = new Named("a").in(2 * TICK);
    deadlines.clear(a);
    deadlines.clear(a);
    pass(10 * TICK);
    assertThat(fired).isEmpty();
    a.in(TICK);
    pass(2 * TICK);
    assertThat(fired).containsExactly("a");
  }

  /** A connection's limit is there for as long as the connection; what ran beside it is not. */
  @Test
  void a_limit_that_is_cleared_keeps_no_other_in_memory() {
    var gone = new WeakReference<>(new Named("gone").in(TICK));
    var stays = new Named("stays").in(TICK);

    deadlines.clear(stays);
    deadlines.clear(Objects.requireNonNull(gone.get()));

    await()
        .until(
            () -> {
              System.gc();
              return gone.get() == null;
            });
    stays.in(TICK);
    pass(2 * TICK);
    assertThat(fired).containsExactly("stays");
  }

  @Test
  void one_that_fires_may_clear_and_set_others_and_itself() {
    var a = new Named("a");
    var b = new Named("b");
    var c = new Named("c");
    var d = new Named("d");
    a.then = () -> deadlines.clear(b);
    b.then = () -> deadlines.clear(a);
    c.then =
        () -> {
          if (fired.stream().filter("c"::equals).count() < 3) {
            c.in(2 * TICK);
          }
        };
    for (var each : List.of(a, b, c, d)) {
      each.in(TICK);
    }
    pass(20 * TICK);
    assertThat(fired.stream().filter(name -> name.equals("a") || name.equals("b"))).hasSize(1);
    assertThat(fired.stream().filter("c"::equals)).hasSize(3);
    assertThat(fired.stream().filter("d"::equals)).hasSize(1);
  }

  @Test
  void one_that_throws_stops_neither_the_others_of_its_tick_nor_later_ones() {
    var bad = new Named("bad");
    bad.then =
        () -> {
          throw new OutOfMemoryError("as where there is no room for an answer");
        };
    for (var each : List.of(new Named("before"), bad, new Named("behind"))) {
      each.in(TICK);
    }
    new Named("later").in(5 * TICK);

    pass(2 * TICK);
    assertThat(fired).containsExactlyInAnyOrder("before", "bad", "behind");
    pass(5 * TICK);
    assertThat(fired).endsWith("later");

    new Named("anew").in(TICK);
    pass(2 * TICK);
    assertThat(fired).endsWith("anew");
  }

  @Test
  void nothing_ticks_while_nothing_is_set() {
    var a = new Named("a").in(TICK);
    deadlines.clear(a);
    pass(2 * TICK);
    assertThat(channel.hasPendingTasks()).isFalse();
  }

  @Test
  void any_order_of_setting_moving_and_clearing_fires_what_is_set() {
    for (int seed = 0; seed < 100; seed++) {
      fired.clear();
      var random = new SplittableRandom(seed);
      var all = new ArrayList<Named>();
      var expected = new ArrayList<String>();
      for (int i = 0; i < 30; i++) {
        all.add(new Named("n" + i));
      }
      boolean[] set = new boolean[all.size()];
      for (int i = 0; i < 200; i++) {
        int one = random.nextInt(all.size());
        if (random.nextInt(3) == 0) {
          deadlines.clear(all.get(one));
          set[one] = false;
        } else {
          all.get(one).in(5 * TICK + random.nextLong(10 * TICK));
          set[one] = true;
        }
      }
      for (int i = 0; i < set.length; i++) {
        if (set[i]) {
          expected.add("n" + i);
        }
      }
      pass(17 * TICK);
      assertThat(fired).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(expected);
    }
  }
}
