package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Ticker;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ResponseOwnersTest {

  private final ResponseOwners owners =
      new ResponseOwners(10, Duration.ofMinutes(1), Ticker.systemTicker());

  private static ResponseOwners.Owner at(String pool, @Nullable String key) {
    var pod = EndpointSpec.of("10.0.0.1", 8_000, Role.BOTH);
    return new ResponseOwners.Owner(pool, pod.id(), null, key);
  }

  @Test
  void a_response_stays_with_the_key_that_made_it() {
    owners.remember("resp_1", at("first", "a"));
    owners.remember("resp_1", at("second", "b"));

    assertThat(owners.find("resp_1", "a")).isEqualTo(at("first", "a"));
    assertThat(owners.find("resp_1", "b")).isNull();
    assertThat(owners.find("resp_1", null)).isNull();
  }

  @Test
  void the_latest_place_of_a_response_counts() {
    owners.remember("resp_1", at("first", null));
    owners.remember("resp_1", at("second", null));

    assertThat(owners.find("resp_1", null)).isEqualTo(at("second", null));
    assertThat(owners.find("resp_2", null)).isNull();
  }
}
