package io.penstock.tools.beside;

import io.penstock.tools.load.Arrivals;
import io.penstock.tools.load.ChatBody;
import io.penstock.tools.load.Conversations;
import io.penstock.tools.load.LoadSpec;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;

/** One thing that all targets are put through. Immutable. */
sealed interface Workload {

  /** Clients of a saturated proxy. */
  int CLIENTS = 16;

  /** For tables and JSON. */
  String name();

  /** What CPU time is divided by. */
  String unit();

  /**
   * How long a round takes: the operating system counts CPU time in ticks of 10 ms, so that a low
   * rate needs longer.
   */
  default Duration window(Duration wanted) {
    return wanted;
  }

  /** Whether it is divided by events instead of answers. */
  default boolean streams() {
    return this instanceof Streams;
  }

  /** Something is sent. */
  sealed interface Traffic extends Workload {

    /** What the load generator does, until it is stopped. */
    LoadSpec spec(URI target);

    /** What it sends; {@code seed} must differ from run to run, or prompts repeat. */
    Conversations prompts(long seed);
  }

  /** Nothing is sent; what is left is that pods are looked at. CPU is by the second. */
  record Idle() implements Workload {

    private static final Duration LEAST = Duration.ofSeconds(5);

    /** After traffic, until pods are looked at as seldom as when nothing happens. */
    static final Duration CALM = Duration.ofSeconds(3);

    @Override
    public String name() {
      return "idle";
    }

    @Override
    public String unit() {
      return "second";
    }

    @Override
    public Duration window(Duration wanted) {
      return wanted.compareTo(LEAST) > 0 ? wanted : LEAST;
    }
  }

  /**
   * Chats that are not streamed.
   *
   * @param bodyBytes length of a body
   * @param shared whether the first four fifths of every prompt are those of one of 16 groups;
   *     otherwise no two prompts have anything in common
   * @param perSecond a fixed rate, or 0 for as many as {@value #CLIENTS} clients get answered
   */
  record Chats(int bodyBytes, boolean shared, int perSecond) implements Traffic {

    private static final int REQUESTS = 200;

    /** The fixed rate for bodies of that size: a small part of what one core can do. */
    static int rateFor(int bodyBytes) {
      if (bodyBytes <= 4 << 10) {
        return 500;
      }
      if (bodyBytes <= 32 << 10) {
        return 400;
      }
      return bodyBytes <= 128 << 10 ? 200 : 40;
    }

    @Override
    public String name() {
      return String.format(
          Locale.ROOT,
          "%d KB %s, %s",
          bodyBytes >> 10,
          shared ? "shared" : "distinct",
          perSecond == 0 ? "saturated" : perSecond + "/s");
    }

    @Override
    public String unit() {
      return "request";
    }

    @Override
    public Duration window(Duration wanted) {
      var least =
          perSecond == 0 ? Duration.ZERO : Duration.ofSeconds(REQUESTS).dividedBy(perSecond);
      return wanted.compareTo(least) > 0 ? wanted : least;
    }

    @Override
    public LoadSpec spec(URI target) {
      var spec = LoadSpec.to(target).timeout(Duration.ofSeconds(10));
      return perSecond == 0
          ? spec.connections(CLIENTS).build()
          : spec.connections(256).arrivals(new Arrivals.Constant(perSecond)).build();
    }

    @Override
    public Conversations prompts(long seed) {
      var chat = new ChatBody("tiny", false);
      return new Conversations(
          chat, Conversations.Shape.ofBody(chat, bodyBytes, 16, 0.8, 32, shared ? 1 : 0, seed));
    }
  }

  /**
   * Streams, a fixed number at any time.
   *
   * @param count how many
   * @param eventsPerSecond over all of them, as far as no stream has more than 200
   */
  record Streams(int count, int eventsPerSecond) implements Traffic {

    private static final int EVENTS = 1_000;
    private static final Duration FASTEST = Duration.ofMillis(5);

    /** How pods send. */
    MockPods.Beat beat() {
      var even = Duration.ofNanos(1_000_000_000L * count / eventsPerSecond);
      return new MockPods.Beat(EVENTS, even.compareTo(FASTEST) < 0 ? FASTEST : even);
    }

    @Override
    public String name() {
      return count + " streams";
    }

    @Override
    public String unit() {
      return "event";
    }

    @Override
    public LoadSpec spec(URI target) {
      return LoadSpec.to(target).connections(count).timeout(Duration.ofMinutes(10)).build();
    }

    @Override
    public Conversations prompts(long seed) {
      var chat = new ChatBody("tiny", true);
      return new Conversations(
          chat, Conversations.Shape.ofBody(chat, 1_024, 16, 0.8, EVENTS, 0, seed));
    }
  }
}
