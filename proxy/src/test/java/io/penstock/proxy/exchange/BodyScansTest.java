package io.penstock.proxy.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.BodyScanners;
import io.penstock.picker.request.ScanLimits;
import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;
import io.penstock.proxy.openai.Target;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyScansTest {

  private static final Target.Inference COMPLETIONS =
      new Target.Inference(ApiKind.COMPLETIONS, false, "/v1/completions");

  private static final Target.Inference TRANSCRIPTIONS =
      new Target.Inference(ApiKind.OPAQUE, true, "/v1/audio/transcriptions");

  private final HttpHeaders headers = new DefaultHttpHeaders();
  private final BodyScanners scanners = new BodyScanners(ScanLimits.DEFAULT);

  @Test
  void aBodyThatWaitsForItsPodHoldsNoScanner() {
    var scan = Objects.requireNonNull(BodyScans.of(scanners, COMPLETIONS, headers));
    byte[] body = "{\"model\":\"m\",\"prompt\":\"p\"}".getBytes(UTF_8);
    assertThat(scan.feed(body, 0, body.length)).isTrue();
    assertThat(scanners.spare()).isZero();

    assertThat(scan.finish(SentModel.AS_NAMED)).isInstanceOf(ScanResult.Scanned.class);
    assertThat(scanners.spare()).isOne();

    scan.close();
    assertThat(scanners.spare()).as("given back once").isOne();
  }

  @Test
  void aScanThatIsGivenUpGivesItsScannerBackOnce() {
    var scan = Objects.requireNonNull(BodyScans.of(scanners, COMPLETIONS, headers));

    scan.close();
    scan.close();

    assertThat(scanners.spare()).isOne();
    assertThat(scan.feed(new byte[1], 0, 1)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data; boundary=xy",
        "Multipart/Form-Data;Boundary=\"xy\"",
        "multipart/form-data; charset=UTF-8; boundary=xy"
      })
  void aFormHasABoundary(String contentType) {
    headers.set("content-type", contentType);

    assertThat(BodyScans.of(scanners, TRANSCRIPTIONS, headers)).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=A; boundary=\"A \"",
        "multipart/form-data; boundary=A; Boundary = B",
        "multipart/form-data; x=\"; boundary=A\"",
        "multipart/form-data; boundary=A; boundary*=utf-8''B",
        "multipart/form-data; boundary=A; boundary*0=B",
        "multipart/form-data; boundary=A; charset=utf-7",
        "multipart/form-datax; boundary=A",
        "text/plain; boundary=A"
      })
  void aFormWhoseBoundaryOrLettersAreNotPlainIsNone(String contentType) {
    headers.set("content-type", contentType);

    assertThat(BodyScans.of(scanners, TRANSCRIPTIONS, headers)).isNull();
  }
}
