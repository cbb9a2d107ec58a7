package io.penstock.picker.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.discovery.NameResolver.Addresses;
import io.penstock.picker.discovery.NameResolver.Answer;
import io.penstock.picker.discovery.NameResolver.Unresolved;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class DnsSourceTest {

  private final ControlThread control = new ControlThread();
  private final Map<String, Answer> answers = new HashMap<>();
  private final List<String> asked = new ArrayList<>();
  private final ToldEndpoints told = new ToldEndpoints();

  @AfterEach
  void closeControl() {
    control.close();
  }

  @Test
  void everyAddressOfANameIsAnEndpoint() {
    answer("vllm", 5, "10.0.0.1", "10.0.0.2", "fd00::1");

    start("vllm:8000");

    assertThat(told.names()).containsExactly("10.0.0.1:8000", "10.0.0.2:8000", "[fd00::1]:8000");
    assertThat(told.get("10.0.0.1:8000").role()).isEqualTo(Role.DECODE);
  }

  @Test
  void addressesThatAreListedNeedNoQuestion() {
    start("127.0.0.1:8000", "[fd00::1]:8000");

    assertThat(told.names()).containsExactly("127.0.0.1:8000", "[fd00::1]:8000");
    control.pass(60_000);
    assertThat(asked).isEmpty();
  }

  @Test
  void asksAgainWhenTheAnswerIsOverAndTellsOnlyChanges() {
    answer("vllm", 5, "10.0.0.1", "10.0.0.2");
    start("vllm:8000");
    control.pass(3_500);
    assertThat(asked).hasSize(1);

    answer("vllm", 5, "10.0.0.2", "10.0.0.1");
    control.pass(1_600);

    assertThat(asked).hasSize(2);
    assertThat(told.deltas).isEqualTo(1);

    answer("vllm", 5, "10.0.0.3", "10.0.0.2");
    control.pass(5_100);

    assertThat(told.names()).containsExactly("10.0.0.2:8000", "10.0.0.3:8000");
  }

  @Test
  void aTimeToLiveIsHeldHoweverLongAndIsASecondAtLeast() {
    answer("short", 0, "10.0.0.1");
    start("short:80");
    control.pass(20_000);
    assertThat(asked.size()).isBetween(20, 26);

    asked.clear();
    answer("short", 100, "10.0.0.1");
    control.pass(301_000);
    assertThat(asked.size()).isBetween(4, 5);
  }

  @Test
  void anEmptyOrFailedAnswerChangesNothingForTheGraceTime() {
    for (var bad : List.<Answer>of(new Unresolved("no such name"), addresses(5))) {
      asked.clear();
      answer("vllm", 1, "10.0.0.1");
      var source = start("vllm:8000");
      answers.put("vllm", bad);
      control.pass(9_000);

      assertThat(told.names()).containsExactly("10.0.0.1:8000");
      assertThat(source.problem()).contains("its last addresses are kept");

      control.pass(3_000);

      assertThat(told.names()).isEmpty();
      assertThat(source.problem()).isNotEmpty().doesNotContain("kept");

      answer("vllm", 5, "10.0.0.9");
      control.pass(1_500);

      assertThat(told.names()).containsExactly("10.0.0.9:8000");
      assertThat(source.problem()).isEmpty();
      source.close();
      told.accept(new PoolDelta(List.of(), List.of(new EndpointId("10.0.0.9:8000"))));
    }
  }

  @Test
  void oneNameThatFailsDoesNotDisturbAnother() {
    answer("good", 5, "10.0.0.1");
    answers.put("bad", new Unresolved("bad cannot be resolved"));

    var source = start("good:80", "bad:80");

    assertThat(told.names()).containsExactly("10.0.0.1:80");
    assertThat(source.problem()).isEqualTo("bad cannot be resolved");
  }

  @Test
  void namesThatShareAnAddressMakeOneEndpointThatStaysWhileOneOfThemHasIt() {
    answer("a", 1, "10.0.0.1");
    answer("b", 1, "10.0.0.1", "10.0.0.2");
    start("a:80", "b:80");
    answer("b", 1, "10.0.0.2");
    control.pass(2_000);

    assertThat(told.names()).containsExactly("10.0.0.1:80", "10.0.0.2:80");
  }

  @Test
  void afterCloseNothingIsAskedOrTold() {
    answer("vllm", 1, "10.0.0.1");
    var source = start("vllm:8000");
    source.close();
    asked.clear();
    answer("vllm", 1, "10.0.0.2");
    control.pass(10_000);

    assertThat(asked).isEmpty();
    assertThat(told.names()).containsExactly("10.0.0.1:8000");
  }

  @Test
  void theSystemsResolverKnowsThisHost() {
    assertThat(JdkResolver.create().resolve("localhost"))
        .isInstanceOfSatisfying(
            Addresses.class,
            found -> assertThat(found.addresses()).isNotEmpty().allMatch(IpLiteral::is));
    assertThat(JdkResolver.create().resolve("no-such-host.invalid"))
        .isEqualTo(new Unresolved("no-such-host.invalid cannot be resolved"));
  }

  private DnsSource start(String... addresses) {
    var source =
        new DnsSource(
            Stream.of(addresses)
                .map(address -> EndpointAddress.parse(address, Role.DECODE, Map.of()))
                .toList(),
            name -> {
              asked.add(name);
              return answers.get(name);
            },
            Runnable::run,
            control.executor(),
            () -> control.nowNanos,
            new SplittableRandom(1),
            Duration.ofSeconds(10));
    source.start(told);
    control.pass(0);
    return source;
  }

  private void answer(String name, int seconds, String... ips) {
    answers.put(name, addresses(seconds, ips));
  }

  private static Addresses addresses(int seconds, String... ips) {
    return new Addresses(List.of(ips), Duration.ofSeconds(seconds));
  }
}
