package io.penstock.picker.scrape;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.ServedModel;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelsPageTest {

  @Test
  void keepsEachEntryOfARealAnswerByteForByte() throws IOException {
    var answer = recording();

    var models = parse(answer).orElseThrow().models();

    assertThat(models).extracting(ServedModel::id).containsExactly("tiny", "tiny-alias", "ad1");
    assertThat("{\"object\":\"list\",\"data\":[" + models.get(0).json() + ",")
        .isEqualTo(answer.substring(0, answer.indexOf("{\"id\":\"tiny-alias\"")));
    assertThat(answer).endsWith(models.get(2).json() + "]}");
  }

  @Test
  void timesAndPermissionIdsThatChangeWithEveryAnswerAreNoChange() throws IOException {
    var answer = recording();
    long first = parse(answer).orElseThrow().fingerprint();

    var later = answer.replace("1795346839", "1795999999").replace("modelperm-9", "modelperm-8");

    assertThat(later).isNotEqualTo(answer);
    assertThat(parse(later).orElseThrow().fingerprint()).isEqualTo(first);
    assertThat(parse(answer.replace("2048", "4096")).orElseThrow().fingerprint())
        .isNotEqualTo(first);
    assertThat(parse(answer.replace("\"ad1\"", "\"ad2\"")).orElseThrow().fingerprint())
        .isNotEqualTo(first);
  }

  @Test
  void bytesSurviveSpacesEscapesAndTextBeyondAscii() {
    var entry = "{ \"x\" : [1, {\"id\":\"inner\"}] , \"id\" : \"m\\u00e9\\\"\" ,\n \"ü\":\"日本\" }";

    var models = parse(" {\"data\" : [ " + entry + " ] , \"object\":\"list\"} ").orElseThrow();

    assertThat(models.models()).containsExactly(new ServedModel("mé\"", entry));
  }

  @Test
  void entriesWithoutAnIdOrWithOneThatWasThereArePassedOver() {
    var page = parse("{\"data\":[{\"a\":1},{\"id\":\"m\",\"n\":1},{\"id\":7},{\"id\":\"m\"}]}");

    assertThat(page.orElseThrow().models())
        .containsExactly(new ServedModel("m", "{\"id\":\"m\",\"n\":1}"));
  }

  @Test
  void anEmptyListIsAList() {
    assertThat(parse("{\"object\":\"list\",\"data\":[]}").orElseThrow().models()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{}",
        "{\"data\":{}}",
        "{\"data\":[1]}",
        "{\"data\":[",
        "{\"data\":[]",
        "{\"data\":[]}}",
        "{\"data\":[]} x",
        "<html>",
        "{\"detail\":\"Not Found\"}"
      })
  void whatIsNoListOfModelsIsNotTaken(String answer) {
    assertThat(parse(answer)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16BE", "UTF-16LE", "UTF-16", "UTF-32BE", "UTF-32LE"})
  void jsonThatIsNotUtf8IsNotTaken(String charset) {
    byte[] bytes = "{\"data\":[{\"id\":\"m\"}]}".getBytes(Charset.forName(charset));

    assertThat(ModelsPage.parse(bytes, bytes.length)).isEmpty();
  }

  @Test
  void noDamagedAnswerEverThrows() throws IOException {
    byte[] answer = recording().getBytes(UTF_8);
    for (long seed = 1; seed <= 2_000; seed++) {
      var random = new SplittableRandom(seed);
      byte[] damaged = answer.clone();
      for (int i = random.nextInt(1, 20); i > 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        ModelsPage.parse(damaged, random.nextInt(damaged.length + 1));
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static Optional<ModelsPage> parse(String answer) {
    byte[] bytes = answer.getBytes(UTF_8);
    return ModelsPage.parse(bytes, bytes.length);
  }

  private static String recording() throws IOException {
    try (var in = ModelsPageTest.class.getResourceAsStream("/recordings/vllm/models_lora.json")) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
