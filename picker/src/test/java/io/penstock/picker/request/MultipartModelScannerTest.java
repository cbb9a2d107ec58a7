package io.penstock.picker.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // CRLF line ends
class MultipartModelScannerTest {

  private static final String FILE =
      "--xy\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
          + "Content-Type: audio/wav\r\n\r\n\r\n--x\r\n-\r\r\n--xz name=\"model\" \0\r\n";
  private static final String MODEL =
      "--xy\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n";
  private static final String STREAM =
      "--xy\r\ncontent-disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n";

  @Test
  void finds_the_model_behind_a_file_at_every_split() {
    byte[] form = bytes(FILE + STREAM + MODEL + "--xy--\r\n");
    for (int cut = 0; cut <= form.length; cut++) {
      var scanner = new MultipartModelScanner("xy");
      assertThat(scanner.feed(form, 0, cut)).isTrue();
      assertThat(scanner.feed(form, cut, form.length - cut)).isTrue();
      var scanned = (ScanResult.Scanned) scanner.finish();
      assertThat(scanned.request().model()).as("cut at %d", cut).isEqualTo("whisper-1");
      assertThat(scanned.request().stream()).isTrue();
      assertThat(scanned.request().bodyBytes()).isEqualTo(form.length);
    }
  }

  @Test
  void finds_the_model_byte_by_byte() {
    byte[] form = bytes(MODEL + FILE + "--xy--");
    var scanner = new MultipartModelScanner("xy");
    for (int i = 0; i < form.length; i++) {
      scanner.feed(form, i, 1);
    }
    assertThat(((ScanResult.Scanned) scanner.finish()).request().model()).isEqualTo("whisper-1");
  }

  @Test
  void a_form_without_a_model_is_a_missing_field() {
    assertThat(kind(FILE + "--xy--\r\n")).isEqualTo(ScanResult.Kind.MISSING_FIELD);
  }

  @Test
  void two_models_are_a_duplicate() {
    assertThat(kind(MODEL + MODEL + "--xy--\r\n")).isEqualTo(ScanResult.Kind.DUPLICATE_FIELD);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "form-data; name = \"model\"",
        "form-data; NAME=model",
        "form-data; name=model; x=1",
        "form-data; name=\"model\"; xfilename=1",
        "form-data; name=\"model\"; x=\"filename=1\"",
        "form-data; x=\";\"; name=\"model\""
      })
  void two_models_are_a_duplicate_however_they_are_spelled(String spelled) {
    assertThat(kind(MODEL + part(spelled) + "--xy--\r\n"))
        .isEqualTo(ScanResult.Kind.DUPLICATE_FIELD);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "form-data; name=\"x\"; name=\"model\"",
        "form-data; name*=utf-8''model",
        "form-data; name*0=mo; name*1=del",
        "form-data; name=<model>",
        "form-data; name=\"m\\odel\"",
        "form-data; name\u00a0=model",
        "form-data; name=\u00a0model",
        "form-data; name=\"model\"; filename*x=1",
        "form-data; x=\"a\\\\\"; name=\"x\"; y=\"; name=model\"",
        "form-data; name=\"model",
        "form-data; x=\"1\" \"; name=\"model\"",
        "form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"model\""
      })
  void a_field_whose_name_two_readers_may_read_differently_is_malformed(String spelled) {
    assertThat(kind(part(spelled) + MODEL + "--xy--\r\n")).isEqualTo(ScanResult.Kind.INVALID_JSON);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "form-data; name=\"x\"; filename=\"name=model; \\\"name=\\\"model.wav\"",
        "form-data; name=\"x\"; filename=\"C:\\name=model\"; filename*=utf-8''%E2%82%AC;",
        "form-data; name=\"x;name=model\"",
        "form-data; name=\"xname=\"",
        "form-data; name=Model"
      })
  void what_only_looks_like_the_model_is_another_field(String spelled) {
    assertThat(scan(part(spelled) + MODEL + "--xy--\r\n"))
        .isInstanceOfSatisfying(
            ScanResult.Scanned.class,
            scanned -> assertThat(scanned.request().model()).isEqualTo("whisper-1"));
  }

  @Test
  void a_boundary_is_alone_on_its_line() {
    assertThat(kind(MODEL + "--xy --\r\n" + MODEL + "--xy--\r\n"))
        .isEqualTo(ScanResult.Kind.INVALID_JSON);
    assertThat(kind(MODEL + "--xy \r\n\r\n\r\n--xy--\r\n")).isEqualTo(ScanResult.Kind.INVALID_JSON);
  }

  /** A part that names another model. */
  private static String part(String disposition) {
    return "--xy\r\nContent-Disposition: " + disposition + "\r\n\r\nwhisper-2\r\n";
  }

  @Test
  void a_form_that_is_cut_short_or_begins_otherwise_is_malformed() {
    assertThat(kind(MODEL + FILE)).isEqualTo(ScanResult.Kind.INVALID_JSON);
    assertThat(kind("{\"model\":\"whisper-1\"}")).isEqualTo(ScanResult.Kind.INVALID_JSON);
    assertThat(kind("--xyz\r\n")).isEqualTo(ScanResult.Kind.INVALID_JSON);
  }

  @Test
  void a_value_and_headers_have_a_bound() {
    String head = "--xy\r\nContent-Disposition: form-data; name=\"model\"\r\n";
    assertThat(kind(head + "\r\n" + "m".repeat(300))).isEqualTo(ScanResult.Kind.TOO_LONG);
    assertThat(kind(head + "X: " + "h".repeat(9_000))).isEqualTo(ScanResult.Kind.TOO_LONG);
  }

  @Test
  void headers_cost_their_bytes_however_many_lines_they_have() {
    var part = "--xy\r\n" + "\n".repeat(8_000) + "\r\n\r\n\r\n";
    byte[] form = bytes(part.repeat(64) + MODEL + "--xy--\r\n");
    var scanner = new MultipartModelScanner("xy");
    var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    long before = thread.getCurrentThreadAllocatedBytes();
    scanner.feed(form, 0, form.length);
    long allocated = thread.getCurrentThreadAllocatedBytes() - before;

    assertThat(((ScanResult.Scanned) scanner.finish()).request().model()).isEqualTo("whisper-1");
    assertThat(allocated).isLessThan(10L * form.length);
  }

  @Test
  void headers_end_at_the_first_empty_line() {
    var head = "--xy\r\nContent-Disposition: form-data; name=\"model\"\r\n";
    for (var more : new String[] {"\r\r\n", "\n\r\n", "x\r\n\r\r\n", "\r\n\n"}) {
      var scanned = scan("--xy\r\n\r\n\r\n" + head + more + "\r\nwhisper-1\r\n--xy--");
      assertThat(scanned).isInstanceOf(ScanResult.Scanned.class);
    }
  }

  private static ScanResult scan(String form) {
    var scanner = new MultipartModelScanner("xy");
    scanner.feed(bytes(form), 0, bytes(form).length);
    return scanner.finish();
  }

  private static ScanResult.Kind kind(String form) {
    var scanner = new MultipartModelScanner("xy");
    scanner.feed(bytes(form), 0, bytes(form).length);
    return ((ScanResult.Malformed) scanner.finish()).kind();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
