package io.penstock.picker.request;

import static io.penstock.picker.request.Scans.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.dynatrace.hash4j.hashing.Hashing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptKeysTest {

  private static final String LONG = "What a long prompt this is. ".repeat(40);
  private static final String MESSAGE = "{\"role\":\"user\",\"content\":\"" + LONG + "\"}";

  @Test
  void thereIsOneKeyForEachFullBlockOfTheGrid() {
    for (int length : new int[] {0, 1, 255, 256, 257, 511, 512, 5_000, 8_192, 8_703, 8_704}) {
      PromptKeys keys = completion("\"" + "x".repeat(length) + "\"");

      int count = KeyGrid.keys(length / 256);
      assertThat(keys.count()).isEqualTo(count);
      assertThat(keys.array()).hasSize(count).doesNotContain(0L);
      assertThat(new HashSet<>(boxed(keys))).hasSize(count);
    }
  }

  @Test
  void theChainIsThatOfTheRawBytesWithoutBracketsAndSpaceBetweenMessages() {
    String stream = String.join(",", Collections.nCopies(30, MESSAGE));
    var naive = new ArrayList<Long>();
    byte[] bytes = Scans.utf8(stream);
    long hash = 0;
    for (int i = 0; i + 256 <= bytes.length; i += 256) {
      hash = Hashing.xxh64(hash).hashBytesToLong(bytes, i, 256);
      naive.add(hash);
    }
    var root = new PromptRoot();
    var members = MemberTable.of(ApiKind.CHAT, Set.of());
    root.put(members.find(Scans.utf8("model"), 0, 5).index(), Scans.utf8("m"));

    PromptKeys keys =
        chat("\"messages\": [ " + String.join(" ,\n", Collections.nCopies(30, MESSAGE)) + "\t]");

    // 34,000 bytes: each of the first 8 KiB's blocks, then every 2nd, 4th and 8th.
    var chosen = new ArrayList<Long>();
    for (int block = 1; block <= naive.size(); block++) {
      int step = block <= 32 ? 1 : block <= 64 ? 2 : block <= 128 ? 4 : 8;
      if (block % step == 0) {
        chosen.add(BlockChain.mix(root.hash(ApiKind.CHAT), naive.get(block - 1)));
      }
    }
    assertThat(naive.size()).isGreaterThan(128);
    assertThat(boxed(keys)).isEqualTo(chosen);
  }

  @Test
  void theNextTurnExtendsTheChain() {
    for (long seed = 0; seed < 200; seed++) {
      var random = new Random(seed);
      var json = new RandomJson(random);
      var turns = new ArrayList<String>();
      PromptKeys last = PromptKeys.NONE;
      for (int turn = 0; turn < 6; turn++) {
        turns.add(
            "{\"role\":\"user\",\"content\":\""
                + "y".repeat(random.nextInt(400))
                + "\",\"x\":"
                + json.value(3)
                + "}");
        var messages = new StringBuilder("[").append(json.space());
        for (int i = 0; i < turns.size(); i++) {
          messages
              .append(i > 0 ? "," : "")
              .append(json.space())
              .append(turns.get(i))
              .append(json.space());
        }

        PromptKeys keys = chat("\"messages\":" + messages + "]");

        assertThat(boxed(keys).subList(0, last.count()))
            .as("seed %s turn %s", seed, turn)
            .isEqualTo(boxed(last));
        last = keys;
      }
      assertThat(last.count()).isPositive();
    }
  }

  @Test
  void theOrderOfMembersDoesNotMatter() {
    String[] members = {
      "\"model\":\"m\"",
      "\"messages\":[" + MESSAGE + "]",
      "\"tools\":[{\"type\":\"function\"}]",
      "\"cache_salt\":\"s\"",
      "\"chat_template_kwargs\":{\"enable_thinking\":false}",
      "\"temperature\":0.5"
    };
    var expected = request(ApiKind.CHAT, "{" + String.join(",", members) + "}").keys();
    var random = new Random(7);
    for (int round = 0; round < 50; round++) {
      List<String> shuffled = new ArrayList<>(Arrays.asList(members));
      Collections.shuffle(shuffled, random);

      assertThat(request(ApiKind.CHAT, "{" + String.join(" , ", shuffled) + "}").keys())
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"model\":\"other\"",
        "\"cache_salt\":\"s\"",
        "\"cache_salt\":\"\"",
        "\"tools\":[]",
        "\"tools\":[{\"type\":\"function\"}]",
        "\"documents\":[{\"text\":\"t\"}]",
        "\"chat_template\":\"t\"",
        "\"chat_template_kwargs\":{\"a\":1}",
        "\"mm_processor_kwargs\":{\"a\":1}",
        "\"reasoning_effort\":\"high\""
      })
  void whatStandsInFrontOfThePromptChangesEveryKey(String member) {
    PromptKeys plain = chat("\"messages\":[" + MESSAGE + "]");
    String model = member.startsWith("\"model\"") ? "" : "\"model\":\"m\",";

    PromptKeys keys =
        request(ApiKind.CHAT, "{" + model + member + ",\"messages\":[" + MESSAGE + "]}").keys();

    assertThat(keys.count()).isEqualTo(plain.count());
    for (int i = 0; i < keys.count(); i++) {
      assertThat(keys.key(i)).isNotEqualTo(plain.key(i));
    }
  }

  @Test
  void twoMembersInFrontDoNotStandInForEachOther() {
    String messages = ",\"messages\":[" + MESSAGE + "]";

    assertThat(chat("\"cache_salt\":\"a\",\"chat_template\":\"b\"" + messages))
        .isNotEqualTo(chat("\"cache_salt\":\"b\",\"chat_template\":\"a\"" + messages));
  }

  @Test
  void samplingSettingsChangeNothing() {
    assertThat(chat("\"messages\":[" + MESSAGE + "],\"seed\":4,\"max_tokens\":3,\"stream\":true"))
        .isEqualTo(chat("\"messages\":[" + MESSAGE + "]"));
  }

  @Test
  void differentImagesGiveDifferentKeys() {
    String message =
        "{\"role\":\"user\",\"content\":[{\"image_url\":{\"url\":\"data:;base64,%s\"}},{\"text\":\""
            + LONG
            + "\"}]}";

    PromptKeys one = chat("\"messages\":[" + String.format(message, "AAAA") + "]");
    PromptKeys two = chat("\"messages\":[" + String.format(message, "AAAB") + "]");

    assertThat(one.key(0)).isNotEqualTo(two.key(0));
  }

  @Test
  void tokenIdsAreTheSameHoweverTheyAreWritten() {
    String ids = "1,2,300,128255,".repeat(100) + "5";

    PromptKeys keys = completion("[" + ids + "]");

    assertThat(keys.count()).isEqualTo(401 * 4 / 256);
    assertThat(completion("[ " + ids.replace(",", " ,\n") + " ]")).isEqualTo(keys);
    assertThat(completion("[[" + ids + "]]")).isEqualTo(keys);
  }

  @Test
  void aListOfOnePromptIsThatPrompt() {
    assertThat(completion("[\"" + LONG + "\"]")).isEqualTo(completion("\"" + LONG + "\""));
  }

  @ParameterizedTest
  @CsvSource({"RESPONSES,instructions,input", "MESSAGES,system,messages"})
  void theHeadComesFirstWhereverItStands(ApiKind api, String head, String prompt) {
    String headMember = "\"" + head + "\":\"" + LONG + "\"";
    String promptMember = "\"" + prompt + "\":[" + MESSAGE + "]";

    PromptKeys keys =
        request(api, "{\"model\":\"m\"," + headMember + "," + promptMember + "}").keys();
    PromptKeys turned =
        request(api, "{" + promptMember + "," + headMember + ",\"model\":\"m\"}").keys();
    PromptKeys alone =
        request(api, "{\"model\":\"m\"," + headMember + "," + "\"" + prompt + "\":[]}").keys();
    PromptKeys headless = request(api, "{\"model\":\"m\"," + promptMember + "}").keys();

    assertThat(turned).isEqualTo(keys);
    assertThat(keys.count()).isEqualTo(LONG.length() / 256 + MESSAGE.length() / 256);
    assertThat(boxed(keys)).startsWith(boxed(alone).toArray(Long[]::new));
    assertThat(boxed(keys)).doesNotContainAnyElementsOf(boxed(headless));
  }

  private static PromptKeys chat(String members) {
    return request(ApiKind.CHAT, "{\"model\":\"m\"," + members + "}").keys();
  }

  private static PromptKeys completion(String prompt) {
    return request(ApiKind.COMPLETIONS, "{\"model\":\"m\",\"prompt\":" + prompt + "}").keys();
  }

  private static List<Long> boxed(PromptKeys keys) {
    return Arrays.stream(keys.array()).boxed().toList();
  }
}
