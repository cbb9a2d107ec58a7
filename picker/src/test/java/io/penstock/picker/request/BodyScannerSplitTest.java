package io.penstock.picker.request;

import static io.penstock.picker.request.Scans.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** A body's meaning does not depend on how it is cut. */
class BodyScannerSplitTest {

  private static final String LONG = "lorem ipsum dolor sit amet ".repeat(12);

  @SuppressWarnings("unused")
  static final String[] BODIES = {
    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"" + LONG + "\"}]}",
    " { \"messages\" : [ {\"role\":\"system\",\"content\":\"a\\u00e9\\n\\\"é漢😀\"} , {\"content\":["
        + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:;base64,AAAA\"}},{\"text\":\"x\"}]} ] ,"
        + " \"mod\\u0065l\" : \"t\\u0069ny\" , \"n\":12,\"stream\":false } ",
    "{\"nvext\":{\"a\":[1,-2.5e+10,true,false,null]},\"bootstrap_room\":77 , \"model\":\"m\" ,"
        + "\"kv_transfer_params\":\"\\\\\",\"stream_options\":{\"include_usage\":true},\"stream\":true}",
    "{\"model\":\"m\",\"prompt\":[1,22,333,128255],\"max_tokens\":16.0,\"cache_salt\":\"salt\"}",
    "{\"model\":\"m\",\"prompt\":["
        + "1,22,333, 4444,128255,".repeat(9)
        + "1234567890,0,-1,5.0,6]}",
    "{\"model\":\"m\",\"prompt\":[[1,22],[333]],\"tools\":[{\"a\":1}],\"documents\":[{\"b\":2}]}",
    "{\"model\":\"m\",\"input\":[\"abc\",\"déf\"],\"system\":\"s\",\"instructions\":\"i\"}",
    "{\"model\":\"m\",\"input\":\"" + LONG + LONG + "\",\"instructions\":\"" + LONG + "\"}",
    "{\"model\":\"m\",\"a\":\"\u00e9\u6f22\ud83d\ude00\",\"b\":-0,\"c\":1e5}",
    "{\"model\":\"m\",\"a\":\"\\x\"}",
    "{\"model\":\"m\",\"a\":\"\\u00g0\"}",
    "{\"model\":\"m\",\"a\":01}",
    "{\"model\":\"m\",\"a\":trux}",
    "{\"model\":\"m\",\"model\":\"m\"}",
    "{\"model\":\"m\",\"n\":\"2\"}",
    "{\"model\":\"m\",\"n\":2.5}",
    "{\"model\":\"m\"}}",
    "{\"model\":\"m\"",
    "{\"model\":\"" + "x".repeat(257) + "\"}",
    "{\"" + "y".repeat(100) + "\":1,\"model\":\"" + "x".repeat(256) + "\"}"
  };

  @ParameterizedTest
  @FieldSource("BODIES")
  void inTwoPieces(String body) {
    byte[] bytes = utf8(body);
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    for (ApiKind api : ApiKind.values()) {
      ScanResult whole = Scans.scan(api, bytes);
      for (int cut = 0; cut <= bytes.length; cut++) {
        assertThat(Scans.scan(scanner, api, bytes, cut))
            .as("%s cut at %s", api, cut)
            .isEqualTo(whole);
      }
    }
  }

  @ParameterizedTest
  @FieldSource("BODIES")
  void byteByByte(String body) {
    byte[] bytes = utf8(body);
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    for (ApiKind api : ApiKind.values()) {
      assertThat(Scans.scanByteByByte(scanner, api, bytes))
          .as("%s", api)
          .isEqualTo(Scans.scan(api, bytes));
    }
  }

  @ParameterizedTest
  @FieldSource("BODIES")
  void cutOffItIsRefusedOnlyForWhatCame(String body) {
    byte[] bytes = utf8(body);
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    for (ApiKind api : ApiKind.values()) {
      for (int cut = 0; cut <= bytes.length; cut++) {
        ScanResult ended = Scans.scan(api, Arrays.copyOf(bytes, cut));
        scanner.reset(api);
        boolean possible = scanner.feed(bytes, 0, cut);
        var known = scanner.finishCut(SentModel.AS_NAMED);
        if (!possible || ended instanceof ScanResult.Scanned) {
          assertThat(known).as("%s cut at %s", api, cut).isEqualTo(ended);
        } else {
          assertThat(known == null || known instanceof ScanResult.Scanned)
              .as("%s cut at %s: %s", api, cut, known)
              .isTrue();
        }
      }
    }
  }

  @Test
  void cutOffItHasTheKeysOfThePromptThatCame() {
    byte[] bytes = utf8("{\"model\":\"m\",\"prompt\":\"" + LONG.repeat(20) + "\",\"n\":2}");
    var whole = Scans.request(Scans.scan(ApiKind.COMPLETIONS, bytes)).keys();
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    scanner.reset(ApiKind.COMPLETIONS);
    scanner.feed(bytes, 0, bytes.length / 2);

    var known = Scans.request(scanner.finishCut(SentModel.AS_NAMED)).keys();

    assertThat(known.count()).isBetween(1, whole.count() - 1);
    assertThat(Arrays.copyOf(known.array(), known.count()))
        .isEqualTo(Arrays.copyOf(whole.array(), known.count()));
  }

  @ParameterizedTest
  @EnumSource
  void inRandomPiecesOfABigBody(ApiKind api) {
    long seed = api.name().hashCode();
    var random = new Random(seed);
    String text = (LONG + "é\\n\\u0041漢").repeat(200);
    byte[] bytes =
        utf8(
            "{\"system\":\""
                + text
                + "\",\"instructions\":\""
                + text
                + "\",\"messages\":[{\"c\":\""
                + text
                + "\"},{\"c\":\""
                + text
                + "\"}],\"model\":\"m\",\"prompt\":\""
                + text
                + "\",\"input\":\""
                + text
                + "\",\"tools\":[\""
                + text
                + "\"]}");
    var scanner = new BodyScanner(ScanLimits.DEFAULT);
    ScanResult whole = Scans.scan(api, bytes);
    for (int round = 0; round < 50; round++) {
      int[] cuts = random.ints(random.nextInt(12), 0, bytes.length).sorted().toArray();
      assertThat(Scans.scan(scanner, api, bytes, cuts))
          .as("seed %s round %s", seed, round)
          .isEqualTo(whole);
    }
    assertThat(whole).isInstanceOf(ScanResult.Scanned.class);
  }
}
