package io.penstock.picker.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Scans bodies for tests. */
final class Scans {

  private Scans() {}

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static ScanResult scan(ApiKind api, String body) {
    return scan(api, utf8(body));
  }

  static ScanResult scan(ApiKind api, byte[] body) {
    return scan(new BodyScanner(ScanLimits.DEFAULT), api, body);
  }

  /** Feeds the body cut at the given places, out of a buffer with dirt around each piece. */
  static ScanResult scan(BodyScanner scanner, ApiKind api, byte[] body, int... cuts) {
    scanner.reset(api);
    int from = 0;
    for (int i = 0; i <= cuts.length; i++) {
      int to = i < cuts.length ? cuts[i] : body.length;
      byte[] buffer = new byte[to - from + 7];
      Arrays.fill(buffer, (byte) '"');
      System.arraycopy(body, from, buffer, 3, to - from);
      scanner.feed(buffer, 3, to - from);
      Arrays.fill(buffer, (byte) '!');
      from = to;
    }
    return scanner.finish();
  }

  static ScanResult scanByteByByte(BodyScanner scanner, ApiKind api, byte[] body) {
    scanner.reset(api);
    byte[] buffer = new byte[1];
    for (byte b : body) {
      buffer[0] = b;
      scanner.feed(buffer, 0, 1);
    }
    return scanner.finish();
  }

  static InferenceRequest request(ApiKind api, String body) {
    return request(scan(api, body));
  }

  static InferenceRequest request(ScanResult result) {
    assertThat(result).isInstanceOf(ScanResult.Scanned.class);
    return ((ScanResult.Scanned) result).request();
  }

  static ScanResult.Malformed malformed(ApiKind api, String body) {
    return malformed(scan(api, body));
  }

  static ScanResult.Malformed malformed(ScanResult result) {
    assertThat(result).isInstanceOf(ScanResult.Malformed.class);
    return (ScanResult.Malformed) result;
  }

  /** The body as it is forwarded. */
  static byte[] blanked(byte[] body, InferenceRequest request) {
    return blanked(body, request.stripSpans());
  }

  /** The body without those ranges. */
  static byte[] blanked(byte[] body, List<ByteSpan> spans) {
    byte[] blanked = body.clone();
    for (ByteSpan span : spans) {
      Arrays.fill(blanked, span.start(), span.end(), (byte) ' ');
    }
    return blanked;
  }

  static String text(byte[] body, ByteSpan span) {
    return new String(body, span.start(), span.length(), StandardCharsets.UTF_8);
  }
}
