package io.penstock.jmh;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.flow.FlowObserver;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.MetricsPageScanner;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A pool in use, and requests for it in turn: prompts of 8k tokens (125 blocks, 24 of them a system
 * prompt that many endpoints hold), fresh signals, 4 requests in flight at each endpoint, 4
 * conversations held by each. Its time stands still.
 */
final class BusyPool {

  /** The time. */
  static final long NOW = 1_000_000_000;

  private static final int SYSTEM_PROMPTS = 4;
  private static final int SYSTEM_BLOCKS = 24;
  private static final int BLOCKS = 125;
  private static final int HELD_KEYS = KeyGrid.keys(119);
  private static final int CONVERSATIONS_EACH = 4;
  private static final int IN_FLIGHT = 4;
  private static final int MAX_REQUESTS = 4_096;

  final PoolPicker picker;
  final SplittableRandom random = new SplittableRandom(1);
  private final int loops;
  private final InferenceRequest[] requests;
  private int next;

  /**
   * A pool.
   *
   * @param decisions records kept, 0 for none
   * @param waiting requests wait in the engines, fewer than so many in each
   */
  BusyPool(
      int endpoints,
      int loops,
      int decisions,
      @Nullable EndpointPickerConfig policy,
      FlowObserver observer,
      int waiting) {
    this.loops = loops;
    picker =
        PoolPicker.builder(
                PoolPickerConfig.of("bench", Set.of(Prompts.MODEL), 1).withDecisions(decisions),
                loops)
            .withoutThread()
            .policy(policy)
            .flowObserver(observer)
            .time(() -> NOW, InstantSource.fixed(Instant.EPOCH))
            .build();
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < endpoints; i++) {
      specs.add(EndpointSpec.of("10.0." + i / 250 + "." + (1 + i % 250), 8000, Role.BOTH));
    }
    picker.apply(new PoolDelta(specs, List.of()));
    int conversations = CONVERSATIONS_EACH * endpoints;
    requests = new InferenceRequest[Math.min(conversations, MAX_REQUESTS)];
    for (int i = 0; i < conversations; i++) {
      var request = Prompts.conversation(i % SYSTEM_PROMPTS, SYSTEM_BLOCKS, i, BLOCKS);
      picker.index().learn(random.nextInt(endpoints), request.keys().array(), HELD_KEYS);
      if (i < requests.length) {
        requests[i] = request;
      }
    }
    load(waiting);
    picker.tick(NOW);
  }

  private void load(int waiting) {
    var scanner = new MetricsPageScanner(1 << 20);
    var sample = new EngineSample();
    for (var endpoint : picker.snapshot().endpoints()) {
      int queued = random.nextInt(waiting);
      byte[] page = Prompts.metrics(queued, random.nextDouble()).getBytes(US_ASCII);
      scanner.begin();
      scanner.feed(page, 0, page.length);
      scanner.finish(sample);
      picker.signals().update(endpoint.slot(), sample, NOW, NOW);
      for (int i = 0; i < IN_FLIGHT; i++) {
        int uncached = random.nextInt(4_000);
        picker.inFlight().add(i % loops, endpoint.slot(), uncached, 8_000);
        if (i % 2 == 0) {
          picker.inFlight().firstToken(i % loops, endpoint.slot(), uncached);
        }
      }
    }
  }

  /** The request whose turn it is. */
  InferenceRequest next() {
    next = next + 1 == requests.length ? 0 : next + 1;
    return requests[next];
  }
}
