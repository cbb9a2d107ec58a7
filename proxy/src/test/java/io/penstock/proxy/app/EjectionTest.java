package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.fault.Fault;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which failures send a pod away, and what happens when it, or every pod, is away. */
class EjectionTest {

  private static final String CHAT = "/v1/chat/completions";

  private static int status(TestGateway gateway, String words) throws Exception {
    return gateway.post(CHAT, chat(words, 2, false)).statusCode();
  }

  private static long ejections(TestGateway gateway) {
    return (long) gateway.metric("penstock_endpoint_ejections_total{pool=\"default\",}");
  }

  @Test
  void errors_of_requests_never_eject_a_pod() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      for (int code : new int[] {400, 404, 413, 422}) {
        gateway.pod(0).faults().set(new Fault.AnswerStatus(code, -1));
        for (int i = 0; i < 5; i++) {
          assertThat(status(gateway, "hello")).isEqualTo(code);
        }
      }
      assertThat(ejections(gateway)).isZero();
      assertThat(gateway.admin("/debug/endpoints")).doesNotContain("\"ejected\":true");
    }
  }

  @ParameterizedTest
  @CsvSource({"429,0", "503,0", "500,1"})
  void a_pod_that_says_it_is_busy_is_not_ejected_where_it_is_the_only_one(int code, int ejections)
      throws Exception {
    try (var gateway = TestGateway.of(1, EjectionTest::forAnHour)) {
      gateway.pod(0).faults().set(new Fault.AnswerStatus(code, -1));
      for (int i = 0; i < 5; i++) {
        assertThat(status(gateway, "hello")).isEqualTo(code);
      }
      assertThat(ejections(gateway)).isEqualTo(ejections);
    }
  }

  @Test
  void a_pod_that_asks_to_be_left_alone_is_busy_and_not_ejected() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.pod(0).faults().set(new Fault.AnswerStatus(503, 10));
      assertThat(status(gateway, "hello")).isEqualTo(503);

      assertThat(gateway.admin("/debug/endpoints"))
          .contains("\"state\":\"busy\"")
          .contains("\"ejected\":false");
      assertThat(gateway.admin("/metrics").lines())
          .filteredOn(line -> line.startsWith("penstock_pod_ejected{"))
          .singleElement()
          .asString()
          .endsWith(" 0.0");
    }
  }

  @Test
  void a_pod_that_fails_in_a_row_is_left_alone() throws Exception {
    try (var gateway = TestGateway.of(2, EjectionTest::forAnHour)) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1));
      for (int i = 0; ejections(gateway) == 0; i++) {
        assertThat(i).isLessThan(100);
        assertThat(status(gateway, "hello " + i)).isEqualTo(200);
      }
      long asked = gateway.pod(0).stats().inferenceRequests();
      for (int i = 0; i < 10; i++) {
        assertThat(status(gateway, "elsewhere " + i)).isEqualTo(200);
      }
      assertThat(gateway.pod(0).stats().inferenceRequests()).isEqualTo(asked);
    }
  }

  @Test
  void it_comes_back_by_itself() throws Exception {
    try (var gateway =
        TestGateway.of(
            2,
            flags ->
                flags.flag("--ejection.duration", "100ms").flag("--ejection.slow-start", "0"))) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1));
      for (int i = 0; ejections(gateway) == 0; i++) {
        assertThat(i).isLessThan(100);
        assertThat(status(gateway, "hello " + i)).isEqualTo(200);
      }
      gateway.pod(0).faults().clear();
      long asked = gateway.pod(0).stats().inferenceRequests();
      var number = new AtomicInteger();
      await()
          .untilAsserted(
              () -> {
                assertThat(status(gateway, "again " + number.incrementAndGet())).isEqualTo(200);
                assertThat(gateway.pod(0).stats().inferenceRequests()).isGreaterThan(asked);
              });
    }
  }

  @Test
  void when_every_pod_is_ejected_all_are_asked() throws Exception {
    try (var gateway = TestGateway.of(2, EjectionTest::forAnHour)) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1));
      gateway.pod(1).faults().add(new Fault.AnswerStatus(500, -1));
      for (int i = 0; ejections(gateway) < 2; i++) {
        assertThat(i).isLessThan(100);
        assertThat(status(gateway, "hello " + i)).isEqualTo(500);
      }
      gateway.pod(0).faults().clear();
      gateway.pod(1).faults().clear();
      assertThat(status(gateway, "hello")).isEqualTo(200);
    }
  }

  private static ConfigSources.Builder forAnHour(ConfigSources.Builder flags) {
    return flags.flag("--ejection.duration", "1h").flag("--ejection.max-duration", "1h");
  }

  @Test
  void no_number_of_failures_ejects_where_that_is_off() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--ejection.failures", "0"))) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1));
      for (int i = 0; i < 10; i++) {
        assertThat(status(gateway, "hello")).isEqualTo(500);
      }
      assertThat(ejections(gateway)).isZero();
    }
  }

  @Test
  void bytes_behind_an_answer_cost_its_connection_and_nobody_a_request() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.pod(0).faults().add(new Fault.TrailingBytes());
      for (int i = 0; i < 10; i++) {
        var answer = gateway.post(CHAT, chat("hello " + i, 2, i % 2 == 0));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).endsWith(i % 2 == 0 ? "data: [DONE]\n\n" : "}");
      }
      assertThat(ejections(gateway)).isZero();
    }
  }
}
