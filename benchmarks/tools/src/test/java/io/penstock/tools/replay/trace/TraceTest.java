package io.penstock.tools.replay.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceTest {

  private static final long SECOND = 1_000_000_000L;

  private static Trace arriving(long... seconds) {
    List<TraceRequest> requests = new ArrayList<>();
    for (long at : seconds) {
      requests.add(new TraceRequest(requests.size(), at * SECOND, 100, 10, new int[] {0}));
    }
    return new Trace("test", requests);
  }

  private static List<Long> arrivals(Trace trace) {
    return trace.requests().stream().map(TraceRequest::arrivalNanos).toList();
  }

  @Test
  void halves_are_of_time_and_begin_at_0() {
    var trace = arriving(10, 11, 12, 19, 20);
    assertThat(arrivals(trace.half(Trace.Half.FIRST))).containsExactly(0L, SECOND, 2 * SECOND);
    var second = trace.half(Trace.Half.SECOND);
    assertThat(arrivals(second)).containsExactly(0L, SECOND);
    assertThat(second.requests()).extracting(TraceRequest::number).containsExactly(0, 1);
    assertThat(trace.half(Trace.Half.WHOLE)).isEqualTo(trace);
  }

  @Test
  void twice_as_fast_is_half_the_time() {
    assertThat(arrivals(arriving(0, 4, 6).faster(2))).containsExactly(0L, 2 * SECOND, 3 * SECOND);
  }

  @Test
  void requests_of_one_timestamp_are_spread_up_to_the_next_and_3_seconds_at_most() {
    var trace = arriving(0, 0, 0, 0, 3, 5, 5, 100);
    var spread = arrivals(trace.spread(1));
    assertThat(spread).isSorted();
    assertThat(spread.subList(0, 4)).allMatch(at -> at < 3 * SECOND).doesNotHaveDuplicates();
    assertThat(spread.get(4)).isEqualTo(3 * SECOND);
    assertThat(spread.subList(5, 7)).allMatch(at -> at >= 5 * SECOND && at < 8 * SECOND);
    assertThat(spread.get(7)).isEqualTo(100 * SECOND);
    assertThat(arrivals(trace.spread(1))).isEqualTo(spread);
    assertThat(arrivals(trace.spread(2))).isNotEqualTo(spread);
  }

  @Test
  void a_prefix_workload_shares_its_prefixes_at_its_rate() {
    var trace = PrefixWorkload.named("shared-prefix", 40).generate(4_000, 1);
    assertThat(trace.durationNanos() / 1e9).isCloseTo(100, within(5.0));
    var firsts = trace.requests().stream().map(request -> request.block(0)).distinct().toList();
    assertThat(firsts).hasSize(150);
    for (var request : trace.requests()) {
      assertThat(request.block(11)).isEqualTo(request.block(0) + 11);
    }
    var questions = trace.requests().stream().map(request -> request.block(12)).distinct();
    assertThat(questions).hasSize(4_000);
  }

  @Test
  void the_hottest_prefix_of_zipf_is_asked_for_by_one_in_seven() {
    var trace = PrefixWorkload.named("zipf", 40).generate(20_000, 1);
    long hottest = trace.requests().stream().filter(request -> request.block(0) == 0).count();
    double expected = 20_000 / 7.485; // the sum of 1/k up to 1,000
    assertThat((double) hottest).isCloseTo(expected, within(0.1 * expected));
  }
}
