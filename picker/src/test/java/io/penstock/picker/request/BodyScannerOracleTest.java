package io.penstock.picker.request;

import static io.penstock.picker.request.Scans.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.request.ScanResult.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random bodies, valid and broken, against Jackson's reading of them. */
class BodyScannerOracleTest {

  private static final long SEED = 20_261_124;
  private static final int ROUNDS = 1_500;
  private static final ApiKind[] APIS = ApiKind.values();

  private final BodyScanner scanner = new BodyScanner(ScanLimits.DEFAULT);

  @Test
  void aValidBodyMeansWhatJacksonReads() {
    for (int round = 0; round < ROUNDS; round++) {
      var random = new Random(SEED + round);
      String body = body(random, false);
      Map<String, Object> tree = JacksonTree.parse(utf8(body)).orElseThrow();

      var result = Scans.scan(scanner, ApiKind.CHAT, utf8(body), cuts(random, utf8(body).length));

      assertThat(result)
          .as("seed %s: %s", SEED + round, body)
          .isInstanceOf(ScanResult.Scanned.class);
      agrees(((ScanResult.Scanned) result).request(), tree, utf8(body), SEED + round);
    }
  }

  private static void agrees(
      InferenceRequest request, Map<String, Object> tree, byte[] body, long seed) {
    String as = "seed " + seed;
    assertThat(request.model()).as(as).isEqualTo(tree.get("model"));
    assertThat(JacksonTree.parse(utf8("{\"m\":" + Scans.text(body, request.modelSpan()) + "}")))
        .as(as)
        .contains(Map.of("m", request.model()));
    assertThat(request.stream()).as(as).isEqualTo(Boolean.TRUE.equals(tree.get("stream")));
    assertThat(request.includeUsage())
        .as(as)
        .isEqualTo(
            tree.get("stream_options") instanceof Map<?, ?> options
                && Boolean.TRUE.equals(options.get("include_usage")));
    assertThat(request.maxTokens()).as(as).isEqualTo(integer(tree, "max_tokens", -1));
    assertThat(request.n()).as(as).isEqualTo(integer(tree, "n", 1));
    assertThat(request.priority()).as(as).isEqualTo(integer(tree, "priority", 0));
    assertThat(request.hasTools())
        .as(as)
        .isEqualTo(tree.get("tools") instanceof List<?> tools && !tools.isEmpty());
    assertThat(request.cacheSaltPresent())
        .as(as)
        .isEqualTo(tree.get("cache_salt") instanceof String);
    assertThat(request.bodyBytes()).as(as).isEqualTo(body.length);
    tree.keySet().removeAll(BodyScanner.ENGINE_MEMBERS);
    assertThat(JacksonTree.parse(Scans.blanked(body, request))).as(as).contains(tree);
    tree.keySet().removeAll(MemberTable.ANSWER_MEMBERS);
    tree.keySet().remove("stream");
    assertThat(JacksonTree.parse(Scans.blanked(body, request.answerSpans()))).as(as).contains(tree);
  }

  private static int integer(Map<String, Object> tree, String name, int absent) {
    return tree.get(name) instanceof JacksonTree.JsonNumeral numeral
        ? (int) Double.parseDouble(numeral.text())
        : absent;
  }

  @Test
  void aBrokenBodyIsRejectedIfAndOnlyIfJacksonRejectsIt() {
    int valid = 0;
    for (int round = 0; round < 4 * ROUNDS; round++) {
      var random = new Random(SEED - round);
      byte[] body = mutated(utf8(body(random, true)), random);
      Optional<Map<String, Object>> tree = JacksonTree.parse(body);
      ApiKind api = APIS[random.nextInt(APIS.length)];

      var result = Scans.scan(scanner, api, body, cuts(random, body.length));

      String as = "seed " + (SEED - round) + ": " + new String(body, StandardCharsets.UTF_8);
      if (tree.isEmpty()) {
        assertThat(result).as(as).isInstanceOf(ScanResult.Malformed.class);
      } else if (result instanceof ScanResult.Malformed malformed) {
        assertThat(malformed.kind()).as(as).isNotEqualTo(Kind.INVALID_JSON);
        assertThat(malformed.field()).as(as).isNotNull();
      } else {
        valid++;
      }
    }
    assertThat(valid).isGreaterThan(ROUNDS / 10);
  }

  /** A body of unknown, known and stripped members in any order. */
  private static String body(Random random, boolean mayBeMistyped) {
    var json = new RandomJson(random);
    var members = new ArrayList<String>();
    add(members, json, "model", "\"m" + json.string().substring(1));
    add(members, json, "messages", json.array(4));
    for (String name : BodyScanner.ENGINE_MEMBERS) {
      if (random.nextInt(4) == 0) {
        add(members, json, name, json.value(2));
      }
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      add(members, json, "x" + i, json.value(3));
    }
    String[][] known = {
      {"stream", "true", "false", "null"},
      {"stream_options", "{}", "null", "{\"x\":{\"include_usage\":1},\"include_usage\":true}"},
      {"max_tokens", "1", "null", "7.0"},
      {"n", "1", "3", "null"},
      {"priority", "-1", "0", "12"},
      {"tools", "[]", "null", "[{\"function\":{}}]"},
      {"cache_salt", "\"salt\"", "null", "\"\\u0041\""},
      {"chat_template_kwargs", "{\"a\":1}", "null", "1"}
    };
    for (String[] member : known) {
      if (random.nextBoolean()) {
        boolean mistyped = mayBeMistyped && random.nextInt(20) == 0;
        add(members, json, member[0], mistyped ? json.value(2) : member[1 + random.nextInt(3)]);
      }
    }
    Collections.shuffle(members, random);
    return json.space() + "{" + json.space() + String.join(",", members) + "}" + json.space();
  }

  private static void add(List<String> members, RandomJson json, String name, String value) {
    members.add(
        json.space() + json.name(name) + json.space() + ":" + json.space() + value + json.space());
  }

  private static byte[] mutated(byte[] body, Random random) {
    byte[] interesting = utf8("\"\\{}[],:0-.eE tfnu/\u0000\n");
    byte[] mutated = body.clone();
    for (int i = random.nextInt(3); i > 0 && mutated.length > 1; i--) {
      int at = random.nextInt(mutated.length);
      byte b =
          random.nextInt(4) == 0
              ? (byte) random.nextInt()
              : interesting[random.nextInt(interesting.length)];
      switch (random.nextInt(4)) {
        case 0 -> mutated[at] = b;
        case 1 -> mutated = Arrays.copyOf(mutated, at);
        case 2 -> {
          mutated = Arrays.copyOf(mutated, mutated.length + 1);
          System.arraycopy(mutated, at, mutated, at + 1, mutated.length - at - 1);
          mutated[at] = b;
        }
        default -> {
          System.arraycopy(mutated, at + 1, mutated, at, mutated.length - at - 1);
          mutated = Arrays.copyOf(mutated, mutated.length - 1);
        }
      }
    }
    return mutated;
  }

  private static int[] cuts(Random random, int length) {
    return random.ints(random.nextInt(4), 0, length + 1).sorted().toArray();
  }
}
