package io.penstock.tools.replay;

import io.penstock.simulator.engine.EngineRequest;
import io.penstock.simulator.engine.FinishReason;
import io.penstock.simulator.engine.Sequence;
import io.penstock.simulator.engine.SequenceListener;
import io.penstock.simulator.engine.VirtualClock;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * One trace through one policy. Confined to the calling thread; repeats exactly from the seed.
 *
 * <p>Requests arrive when the trace says and run to their end, however late. When a pod dies, a
 * request that has not had its first token is sent again, one that has is lost, under every policy
 * alike. A divided request is computed on one pod, to one token, which nobody sees; its blocks are
 * held there until the pod that answers has all that it lacks, which is then admitted with them.
 */
public final class Replay {

  private static final long TICK_NANOS = 100_000_000;

  private final Trace trace;
  private final ReplayConfig config;
  private final IntConsumer progress;
  private final VirtualClock clock = new VirtualClock();
  private final Pods pods;
  private final List<Gateway> gateways = new ArrayList<>();
  private final SplittableRandom random;
  private final Outcomes outcomes;
  private final List<Set<Dispatch>> inFlight = new ArrayList<>();
  private final Optional<Links> links;
  private int ended;

  private Replay(Trace trace, Policy policy, ReplayConfig config, IntConsumer progress) {
    this.trace = trace;
    this.config = config;
    this.progress = progress;
    this.pods = new Pods(config, trace.longestTokens(), clock);
    this.random = new SplittableRandom(config.seed());
    this.links = config.roles().map(roles -> new Links(roles, config.pods()));
    this.outcomes = new Outcomes(trace.requests().size(), config.pods(), config.tpotObjective());
    var talk = config.shareDelay().map(delay -> new Talk(clock, delay.toNanos())).orElse(null);
    for (int i = 0; i < config.gateways(); i++) {
      gateways.add(policy.gateway(pods, config, talk, random.nextLong()));
    }
    for (int i = 0; i < config.pods(); i++) {
      inFlight.add(new LinkedHashSet<>());
    }
  }

  /**
   * Replays a trace.
   *
   * @param progress hears after each request how many have ended
   * @throws IllegalArgumentException if the longest request does not fit into a pod's cache, or the
   *     policy needs roles and there are none
   */
  public static ReplayResult run(
      Trace trace, Policy policy, ReplayConfig config, IntConsumer progress) {
    long start = System.nanoTime();
    var replay = new Replay(trace, policy, config, progress);
    replay.run();
    double took = (System.nanoTime() - start) / 1e9;
    return replay.outcomes.result(policy.name(), took);
  }

  private void run() {
    for (var gateway : gateways) {
      long interval = config.scrapeInterval().orElse(gateway.scrapeInterval()).toNanos();
      scrape(gateway, interval);
      tick(gateway);
    }
    if (config.losePod()) {
      clock.schedule(trace.durationNanos() / 2, () -> lose(config.pods() - 1));
    }
    arrive(0);
    int all = trace.requests().size();
    while (ended < all && clock.runNext()) {
      // Each task schedules what follows from it.
    }
  }

  private void scrape(Gateway gateway, long intervalNanos) {
    for (int pod : pods.live()) {
      gateway.scraped(pod, pods.engine(pod).stats(), clock.nanos(), intervalNanos);
    }
    clock.schedule(intervalNanos, () -> scrape(gateway, intervalNanos));
  }

  private void tick(Gateway gateway) {
    gateway.tick(clock.nanos());
    clock.schedule(TICK_NANOS, () -> tick(gateway));
  }

  private void arrive(int number) {
    if (number == trace.requests().size()) {
      return;
    }
    var request = trace.requests().get(number);
    clock.schedule(
        request.arrivalNanos() - clock.nanos(),
        () -> {
          var gateway = gateways.get(random.nextInt(gateways.size()));
          new Dispatch(request, gateway).send();
          arrive(number + 1);
        });
  }

  private void lose(int pod) {
    pods.lose(pod);
    gateways.forEach(gateway -> gateway.lost(pod));
    var cutOff = List.copyOf(inFlight.get(pod));
    cutOff.forEach(Dispatch::cutOff);
  }

  private void ended() {
    progress.accept(++ended);
  }

  /** One try of a request: at a pod, or at one after the other. */
  private final class Dispatch implements SequenceListener {
    private final TraceRequest request;
    private final Gateway gateway;
    private Gateway.Delivery delivery;
    private Sequence sequence;
    private int computedBy;
    private int cachedTokens = -1; // of a divided request, where its prompt was computed
    private long firstTokenNanos = -1;

    @SuppressWarnings("NullAway") // set by answer, before anything else is called
    Dispatch(TraceRequest request, Gateway gateway) {
      this.request = request;
      this.gateway = gateway;
    }

    void send() {
      switch (gateway.send(request, clock.nanos())) {
        case Gateway.Delivery whole -> {
          computedBy = whole.pod();
          answer(whole, 0);
        }
        case Gateway.Divided divided -> new Prefill(divided, this).send();
      }
    }

    /** The prompt is computed, and its cache on the way to the pod that answers. */
    void handedOver(Gateway.Divided divided, Sequence computed) {
      computedBy = divided.prefillPod();
      cachedTokens = computed.cachedTokens();
      var answering = divided.prefilled(cachedTokens, clock.nanos());
      int missing = request.promptTokens() - pods.cachedTokens(answering.pod(), request);
      long arrival =
          links.orElseThrow().arrivalNanos(computedBy, answering.pod(), missing, clock.nanos());
      clock.schedule(
          arrival - clock.nanos(),
          () -> {
            pods.engine(computedBy).free(computed);
            answer(answering, request.promptTokens());
          });
    }

    private void answer(Gateway.Delivery at, int externalTokens) {
      delivery = at;
      inFlight.get(at.pod()).add(this);
      sequence =
          pods.engine(at.pod())
              .submit(
                  EngineRequest.builder(pods.prompt(request))
                      .maxTokens(request.outputTokens())
                      .externalTokens(externalTokens)
                      .ignoreEos(true)
                      .build(),
                  this);
    }

    @Override
    public boolean token(Sequence from, int tokenId) {
      if (firstTokenNanos < 0) {
        firstTokenNanos = clock.nanos();
      }
      delivery.token(clock.nanos());
      return true;
    }

    @Override
    public void finished(Sequence from, FinishReason reason) {
      inFlight.get(delivery.pod()).remove(this);
      if (reason == FinishReason.ABORT) {
        return;
      }
      delivery.completed(from.cachedTokens(), clock.nanos());
      boolean apart = cachedTokens >= 0;
      outcomes.completed(
          request,
          computedBy,
          apart ? cachedTokens : from.cachedTokens(),
          apart,
          firstTokenNanos,
          clock.nanos());
      ended();
    }

    void cutOff() {
      pods.engine(delivery.pod()).abort(sequence);
      delivery.failed(clock.nanos());
      if (firstTokenNanos < 0) {
        new Dispatch(request, gateway).send();
      } else {
        outcomes.lost(request);
        ended();
      }
    }
  }

  /** The prompt of a divided request: one token of it, and its blocks are held. */
  private final class Prefill implements SequenceListener {
    private final Gateway.Divided divided;
    private final Dispatch dispatch;

    Prefill(Gateway.Divided divided, Dispatch dispatch) {
      this.divided = divided;
      this.dispatch = dispatch;
    }

    void send() {
      pods.engine(divided.prefillPod())
          .submit(
              EngineRequest.builder(pods.prompt(dispatch.request))
                  .maxTokens(1)
                  .ignoreEos(true)
                  .pinned(true)
                  .build(),
              this);
    }

    @Override
    public boolean token(Sequence from, int tokenId) {
      return true;
    }

    @Override
    public void finished(Sequence from, FinishReason reason) {
      dispatch.handedOver(divided, from);
    }
  }
}
