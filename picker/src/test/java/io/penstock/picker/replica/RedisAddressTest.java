package io.penstock.picker.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedisAddressTest {

  @Test
  void a_url_says_host_port_tls_and_user() {
    assertThat(RedisAddress.parse("redis://cache"))
        .isEqualTo(new RedisAddress("cache", 6379, false, null));
    assertThat(RedisAddress.parse("rediss://gateway@10.0.0.7:6380/"))
        .isEqualTo(new RedisAddress("10.0.0.7", 6380, true, "gateway"));
    assertThat(RedisAddress.parse("redis://[::1]:7000"))
        .isEqualTo(new RedisAddress("::1", 7000, false, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis://cache:6379", "rediss://u@cache:1", "redis://[::1]:6379"})
  void it_is_written_as_it_is_read(String text) {
    assertThat(RedisAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cache:6379",
        "cache",
        "http://cache",
        "redis://",
        "redis:///",
        "redis://cache/1",
        "redis://cache:70000",
        "redis://cache?db=1",
        "redis://ca che"
      })
  void what_is_something_else_is_refused(String text) {
    assertThatThrownBy(() -> RedisAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_password_is_refused_and_not_repeated() {
    assertThatThrownBy(() -> RedisAddress.parse("redis://user:hush@cache"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("file")
        .hasMessageNotContaining("hush");
  }
}
