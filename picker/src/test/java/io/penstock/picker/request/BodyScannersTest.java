package io.penstock.picker.request;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BodyScannersTest {

  private final BodyScanners scanners = new BodyScanners(ScanLimits.DEFAULT);

  @Test
  void aScannerThatWasGivenBackIsTakenAgainForAnotherApi() {
    var scanner = scanners.take(ApiKind.CHAT);
    assertThat(scanner.feed("{\"mod".getBytes(UTF_8), 0, 5)).isTrue();
    scanners.giveBack(scanner);

    var again = scanners.take(ApiKind.COMPLETIONS);

    assertThat(again).isSameAs(scanner);
    byte[] body = "{\"model\":\"m\",\"prompt\":\"p\"}".getBytes(UTF_8);
    assertThat(again.feed(body, 0, body.length)).isTrue();
    assertThat(again.finish())
        .isInstanceOfSatisfying(
            ScanResult.Scanned.class,
            scanned -> assertThat(scanned.request().model()).isEqualTo("m"));
    assertThat(scanners.spare()).isZero();
  }

  @Test
  void whatManyRangesNeededIsNotKept() {
    var spans = new StrippedSpans();
    int usual = spans.room();
    for (int i = 0; i < 100_000; i++) {
      spans.strippedMember(10 * i + 1, 10 * i + 5);
      spans.comma(10 * i + 5);
      spans.contents(10 * i + 7, 10 * i + 8);
      spans.keptMember();
    }
    assertThat(spans.finish()).hasSizeGreaterThan(100_000);

    spans.reset();

    assertThat(spans.room()).isEqualTo(usual);
  }

  @Test
  void keepsSoManyAndNoMore() {
    List<BodyScanner> taken = new ArrayList<>();
    for (int i = 0; i <= BodyScanners.MOST_SPARE; i++) {
      taken.add(scanners.take(ApiKind.CHAT));
    }
    taken.forEach(scanners::giveBack);

    assertThat(scanners.spare()).isEqualTo(BodyScanners.MOST_SPARE);
  }
}
