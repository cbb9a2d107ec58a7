package io.penstock.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingTypeTest {

  private static final SettingType<Duration> TIME = SettingType.duration(Duration.ofMillis(1));
  private static final SettingType<Long> SIZE = SettingType.size(1 << 10, 512 << 20);

  @ParameterizedTest
  @CsvSource({
    "1ms, PT0.001S",
    "1000us, PT0.001S",
    "200ms, PT0.2S",
    "1.5s, PT1.5S",
    "1m30s, PT1M30S",
    "2h0m1s, PT2H1S",
    "365h, PT365H"
  })
  void times_have_units_and_may_be_sums(String text, Duration time) {
    assertThat(TIME.parse(text)).isEqualTo(time);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "0s",
        "999us",
        "5",
        "5S",
        "-1s",
        "+1s",
        "1 s",
        " 1s",
        "1s ",
        "1d",
        "s",
        "1.s",
        "1s2",
        "1e3s",
        "0x1s",
        "9999999h",
        "99999999999999999999s"
      })
  void what_is_no_time_within_bounds_is_refused(String text) {
    refused(TIME, text);
  }

  @Test
  void none_is_zero_where_there_may_be_none() {
    var orNone = SettingType.duration(Duration.ZERO);
    assertThat(orNone.parse("0")).isZero();
    assertThat(orNone.parse("0s")).isZero();
    assertThat(orNone.allowed()).endsWith("0: none");
    assertThat(TIME.allowed()).endsWith("at least 1ms");
  }

  @ParameterizedTest
  @CsvSource({
    "1024, 1024",
    "1024B, 1024",
    "32KiB, 32768",
    "1.5MiB, 1572864",
    "0.25GiB, 268435456",
    "512MiB, 536870912"
  })
  void sizes_have_binary_units(String text, long bytes) {
    assertThat(SIZE.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1023", "513MiB", "1KB", "1kib", "1 MiB", "-1MiB", "MiB", "auto", "1025.5"})
  void what_is_no_size_within_bounds_is_refused(String text) {
    refused(SIZE, text);
  }

  @Test
  void auto_is_a_size_where_it_may_be() {
    assertThat(SettingType.SIZE_OR_AUTO.parse("auto")).isEqualTo(SettingType.AUTO);
    assertThat(SettingType.SIZE_OR_AUTO.parse("1GiB")).isEqualTo(1L << 30);
    refused(SettingType.SIZE_OR_AUTO, "1023KiB");
    refused(SettingType.SIZE_OR_AUTO, "-1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0.1", "1.1", "NaN", "20%", "", "a"})
  void a_share_is_from_0_to_1(String text) {
    refused(SettingType.share(), text);
    assertThat(SettingType.share().parse("0.2")).isEqualTo(0.2);
    assertThat(SettingType.share().parse("0")).isZero();
    assertThat(SettingType.share().parse("1")).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8080, 127.0.0.1, 8080",
    "localhost:0, localhost, 0",
    ":9090, 0.0.0.0, 9090",
    "[::1]:80, ::1, 80"
  })
  void an_address_is_host_and_port(String text, String host, int port) {
    assertThat(SettingType.ADDRESS.parse(text)).isEqualTo(new ListenAddress(host, port));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "localhost:",
        ":",
        "a:65536",
        "a:-1",
        "a:+1",
        "a:b",
        "::1:80",
        "[a]:80",
        "http://a:80",
        "a b:80",
        "a:80/"
      })
  void what_is_no_address_is_refused(String text) {
    refused(SettingType.ADDRESS, text);
  }

  @Test
  void a_pod_has_a_port() {
    refused(SettingType.ENDPOINT, "10.0.0.1:0");
    assertThat(SettingType.ENDPOINT.parse("10.0.0.1:1")).isEqualTo(new HostPort("10.0.0.1", 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TRUE", "yes", "1", "", "on"})
  void true_and_false_are_these_words(String text) {
    refused(SettingType.BOOLEAN, text);
  }

  @Test
  void every_default_is_allowed() {
    for (var setting : Settings.all()) {
      var standard = setting.standard();
      assertThat(standard).as(setting.path()).isNotNull();
      setting.type().parse(standard);
    }
  }

  private static void refused(SettingType<?> type, String text) {
    assertThatThrownBy(() -> type.parse(text))
        .as("'%s'", text)
        .isInstanceOfAny(IllegalArgumentException.class, ArithmeticException.class);
  }
}
