package io.penstock.picker.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaderElectionTest {

  private static final LeaderElection.Pace PACE =
      new LeaderElection.Pace(Duration.ofSeconds(3), Duration.ofSeconds(2), Duration.ofMillis(200));

  private FakeApiServer server;
  private Cluster cluster;

  /** How often somebody was told that a replica leads now, or leads no more. */
  private final AtomicInteger told = new AtomicInteger();

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer();
    server.install("/apis/coordination.k8s.io/v1/namespaces/ns/leases");
    cluster = Cluster.of(server.config());
  }

  @AfterEach
  void close() {
    cluster.close();
    server.close();
  }

  @Test
  void oneLeadsAndAnotherFollowsItAtOnceWhenItCloses() {
    var first = stand("one");
    soon().until(first::isLeading);
    try (var second = stand("two")) {
      assertThat(second.isLeading()).isFalse();
      first.close();
      assertThat(first.isLeading()).isFalse();
      soon().until(second::isLeading);
      assertThat(first.isLeading()).isFalse();
    }
  }

  @Test
  void whoCannotRenewLeadsNoMoreAndStandsAgain() throws IOException {
    try (var only = stand("one")) {
      soon().until(only::isLeading);

      server.stop();
      soon().until(() -> !only.isLeading());
      server.startAgain();

      soon().until(only::isLeading);
      soon().until(() -> told.get() == 3);
    }
  }

  @Test
  void whoMayNotHaveTheLeaseNeverLeadsUntilItMay() {
    server.forbid(true);
    try (var only = stand("one")) {
      await().during(Duration.ofSeconds(1)).until(() -> !only.isLeading());
      server.forbid(false);
      soon().until(only::isLeading);
    }
  }

  private LeaderElection stand(String identity) {
    return cluster.elect("ns", "epp-ns-llm.llm-d.ai", identity, PACE, told::incrementAndGet);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(10));
  }
}
