package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.picker.config.ConfigError;
import io.penstock.proxy.openai.ApiKeys.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiKeysTest {

  private static final String KEY = "sk-test-1";

  /** The entry of a key of 513 times x. */
  private static final String LONGER =
      """
      - name: longer
        salt: "000102030405060708090a0b0c0d0e0f"
        sha256: "dc8ceae1164fad23c5c430c45d83d4d9732dafae8a0803798d156afca54a068d"
      """;

  private final SplittableRandom random = new SplittableRandom(1);
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  private ApiKeys keys(String text) {
    List<ConfigError> errors = new ArrayList<>();
    var keys = ApiKeys.of("keys.yaml", text, random, () -> now, errors);
    assertThat(errors).isEmpty();
    return keys;
  }

  private String entry(String name, String key) {
    return ApiKeys.entryFor(name, key, random);
  }

  private static String name(Verdict verdict) {
    assertThat(verdict).isInstanceOf(Verdict.Allowed.class);
    return ((Verdict.Allowed) verdict).key().name();
  }

  @Test
  void without_authentication_everybody_may_use_everything() {
    var keys = ApiKeys.off();
    assertThat(keys.isOn()).isFalse();
    assertThat(keys.check(null, null, "any")).isInstanceOf(Verdict.Allowed.class);
    assertThat(keys.check("Bearer x", null, "any")).isInstanceOf(Verdict.Allowed.class);
  }

  @Test
  void the_entry_has_a_salted_hash_and_not_the_key() {
    String entry = entry("ci", KEY);
    String other = entry("ci", KEY);
    assertThat(entry).contains("name: \"ci\"", "salt: ", "sha256: ").doesNotContain(KEY);
    assertThat(other).isNotEqualTo(entry);
  }

  @Test
  void a_key_is_found_as_bearer_token_or_x_api_key_again_and_again() {
    var keys = keys(entry("ci", KEY) + entry("me", "sk-test-2"));
    for (int i = 0; i < 3; i++) {
      assertThat(name(keys.check("Bearer " + KEY, null))).isEqualTo("ci");
      assertThat(name(keys.check("bearer  " + KEY + " ", null))).isEqualTo("ci");
      assertThat(name(keys.check(null, "sk-test-2"))).isEqualTo("me");
      assertThat(name(keys.check("Basic abc", "sk-test-2"))).isEqualTo("me");
      assertThat(name(keys.check("Bearer sk-test-2", KEY))).isEqualTo("me");
    }
  }

  @Test
  void no_key_is_missing_and_a_wrong_one_invalid() {
    var keys = keys(entry("ci", KEY));
    assertThat(keys.check(null, null)).isInstanceOf(Verdict.Missing.class);
    assertThat(keys.check("Bearer ", null)).isInstanceOf(Verdict.Missing.class);
    assertThat(keys.check("Basic abc", null)).isInstanceOf(Verdict.Missing.class);
    assertThat(keys.check(null, "")).isInstanceOf(Verdict.Missing.class);
    for (var wrong : List.of("sk-test-", "sk-test-10", "SK-TEST-1", "x".repeat(100_000))) {
      assertThat(keys.check("Bearer " + wrong, null)).isInstanceOf(Verdict.Invalid.class);
      assertThat(keys.check(null, wrong)).isInstanceOf(Verdict.Invalid.class);
    }
  }

  @Test
  void a_key_has_512_characters_at_most() {
    var keys = keys(entry("ci", "x".repeat(512)) + LONGER);
    assertThat(name(keys.check("Bearer " + "x".repeat(512), null))).isEqualTo("ci");
    assertThat(keys.check("Bearer " + "x".repeat(513), null)).isInstanceOf(Verdict.Invalid.class);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> entry("ci", "x".repeat(513)))
        .withMessageContaining("512");
  }

  @ParameterizedTest
  @CsvSource({
    "tiny, true",
    "tiny2, false",
    "Tiny, false",
    "lora-a, true",
    "lora-, true",
    "xlora-a, false",
    "org/a/b, true",
    "org, false",
    "v1, true",
    "v12, false",
    "mid-x-end, true",
    "mid--end, true",
    "mid-end, false"
  })
  void a_key_may_be_good_for_some_models_only(String model, boolean allowed) {
    var keys =
        keys(entry("ci", KEY) + "  models: [tiny, \"lora-*\", \"org/*\", \"v?\", \"mid-*-end\"]\n");
    var verdict = keys.check("Bearer " + KEY, null, model);
    assertThat(verdict).isInstanceOf(allowed ? Verdict.Allowed.class : Verdict.ModelDenied.class);
  }

  @Test
  void a_glob_of_many_stars_does_not_explode() {
    var keys = keys(entry("ci", KEY) + "  models: [\"" + "a*".repeat(60) + "b\"]\n");
    assertThat(keys.check("Bearer " + KEY, null, "a".repeat(250)))
        .isInstanceOf(Verdict.ModelDenied.class);
  }

  @Test
  void a_key_expires_even_when_it_was_good_a_moment_ago() {
    var keys = keys(entry("ci", KEY) + "  expires: 2026-01-01T00:00:10Z\n");
    assertThat(name(keys.check("Bearer " + KEY, null))).isEqualTo("ci");
    now = Instant.parse("2026-01-01T00:00:10Z");
    assertThat(keys.check("Bearer " + KEY, null)).isInstanceOf(Verdict.Invalid.class);
  }

  @Test
  void a_changed_file_is_taken_over_at_once() {
    var keys = keys(entry("ci", KEY));
    assertThat(name(keys.check("Bearer " + KEY, null))).isEqualTo("ci");

    assertThat(keys.reload("keys.yaml", entry("me", "sk-test-2"))).isEmpty();

    assertThat(keys.check("Bearer " + KEY, null)).isInstanceOf(Verdict.Invalid.class);
    assertThat(name(keys.check("Bearer sk-test-2", null))).isEqualTo("me");
  }

  @Test
  void a_file_with_one_wrong_entry_changes_nothing() {
    var keys = keys(entry("ci", KEY));

    var errors = keys.reload("keys.yaml", entry("me", "sk-test-2") + "- name: broken\n");

    assertThat(errors).isNotEmpty();
    assertThat(name(keys.check("Bearer " + KEY, null))).isEqualTo("ci");
    assertThat(keys.check("Bearer sk-test-2", null)).isInstanceOf(Verdict.Invalid.class);
  }

  @Nested
  class WhatIsWrongWithAFile {

    private List<String> errors(String text) {
      List<ConfigError> errors = new ArrayList<>();
      var keys = ApiKeys.of("keys.yaml", text, random, () -> now, errors);
      assertThat(keys.isOn()).isTrue();
      assertThat(keys.check("Bearer " + KEY, null)).isInstanceOf(Verdict.Invalid.class);
      return errors.stream().map(ConfigError::toString).toList();
    }

    @Test
    void is_told_with_its_place_and_lets_nobody_in() {
      assertThat(errors(entry("ci", KEY) + "  model: [x]\n"))
          .containsExactly("keys.yaml:4:3: [0].model: unknown key; did you mean models?");
      assertThat(errors(entry("ci", KEY) + entry("ci", "other")))
          .containsExactly("keys.yaml:4:9: [1].name: 'ci' is the name of an entry above");
      assertThat(errors(entry("ci", KEY) + "  models: []\n"))
          .singleElement()
          .asString()
          .contains("[0].models: is empty");
      assertThat(errors(entry("ci", KEY) + "  expires: tomorrow\n"))
          .singleElement()
          .asString()
          .contains("'tomorrow' is no time");
      assertThat(errors("keys: []\n"))
          .containsExactly("keys.yaml:1:1: expected a list, found a mapping");
      assertThat(errors("- name: ci\n"))
          .hasSize(2)
          .allMatch(e -> e.contains("is missing: hexadecimal"));
    }

    @Test
    void never_shows_what_may_be_a_key() {
      var errors = errors("- {name: ci, salt: \"" + KEY + "\", sha256: \"" + KEY + "\"}\n");
      assertThat(errors).hasSize(2).noneMatch(e -> e.contains(KEY));
      assertThat(errors.getLast()).contains("sha256: must be hexadecimal, 64 characters");
    }
  }
}
