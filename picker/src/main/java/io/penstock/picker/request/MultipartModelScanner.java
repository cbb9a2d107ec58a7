package io.penstock.picker.request;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Finds the fields {@code model} and {@code stream} of a multipart/form-data body (RFC 7578), which
 * comes in any split; file parts pass by and nothing of them is kept. Confined to one thread, one
 * per body.
 *
 * <p>The result is a request of kind {@link ApiKind#OPAQUE} without block keys. The delimiter is
 * found by comparing byte by byte; since it begins with CR and has no other, a mismatch starts over
 * at once.
 *
 * <p>Engines read the same form by parsers of their own, so whatever of it could name another model
 * to one of them is malformed.
 */
public final class MultipartModelScanner {

  private static final int MAX_HEADER_BYTES = 8 * 1024;
  private static final int MAX_VALUE_BYTES = 256;
  private static final int MAX_BOUNDARY = 70;
  private static final String DISPOSITION = "content-disposition:";
  private static final byte[] EMPTY_LINE = {'\r', '\n', '\r', '\n'};

  /** Of {@link #EMPTY_LINE}, what stands in front of the headers: the end of a delimiter's line. */
  private static final int LINE_END = 2;

  private enum State {
    DATA,
    AFTER_DELIMITER,
    HEADERS,
    END
  }

  private final byte[] delimiter;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream(256);
  private State state = State.DATA;

  /** Bytes of the delimiter matched; a body may begin with it without its CRLF. */
  private int matched = 2;

  /** Bytes of {@link #EMPTY_LINE} that end a part's headers so far. */
  private int endMatched;

  private boolean inPart;
  private int afterDelimiter;
  private @Nullable String field;
  private @Nullable String model;
  private @Nullable ByteSpan modelSpan;
  private int valueStart;
  private boolean stream;
  private int bytes;
  private ScanResult.@Nullable Malformed fault;

  /**
   * A scanner for one body.
   *
   * @param boundary as the content type has it, 1 to 70 characters
   */
  MultipartModelScanner(String boundary) {
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * A scanner for a body of that content type; null where it is no form, or a reader could find
   * another boundary in it, or other letters in its names.
   */
  public static @Nullable MultipartModelScanner of(@Nullable String contentType) {
    var type = contentType == null ? null : HeaderParameters.parse(contentType);
    if (type == null || !type.value().equals("multipart/form-data")) {
      return null;
    }
    var charset = type.get("charset");
    boolean plain =
        charset == null
            || charset.equalsIgnoreCase("utf-8")
            || charset.equalsIgnoreCase("us-ascii");
    var boundary = type.get("boundary");
    return !plain
            || boundary == null
            || boundary.isEmpty()
            || boundary.length() > MAX_BOUNDARY
            || boundary.indexOf('\\') >= 0
        ? null
        : new MultipartModelScanner(boundary);
  }

  /** Takes the next bytes; false once the form is malformed, whatever follows. */
  public boolean feed(byte[] buffer, int offset, int length) {
    for (int i = offset; i < offset + length && fault == null; i++) {
      bytes++;
      byte b = buffer[i];
      switch (state) {
        case DATA -> data(b);
        case AFTER_DELIMITER -> afterDelimiter(b);
        case HEADERS -> header(b);
        case END -> {}
      }
    }
    return fault == null;
  }

  /** What the form came to; call once. */
  public ScanResult finish() {
    return finish(SentModel.AS_NAMED);
  }

  /**
   * The same where the engine will be asked for another model than the form names.
   *
   * @param sentModel gives the model that is asked for in place of the one named
   */
  public ScanResult finish(SentModel sentModel) {
    if (fault != null) {
      return fault;
    }
    if (state != State.END) {
      return malformed(
          ScanResult.Kind.INVALID_JSON, null, "The form ends before its last boundary.");
    }
    String asked = model;
    if (asked == null || asked.isEmpty()) {
      return malformed(ScanResult.Kind.MISSING_FIELD, "model", "The form has no field 'model'.");
    }
    return new ScanResult.Scanned(
        InferenceRequest.builder(ApiKind.OPAQUE, sentModel.of(asked, null)).asked(asked).stream(
                stream)
            .modelSpan(modelSpan)
            .bodyBytes(bytes)
            .build());
  }

  private void data(byte b) {
    if (b == delimiter[matched]) {
      matched++;
      if (matched == delimiter.length) {
        endPart();
        state = State.AFTER_DELIMITER;
        afterDelimiter = 0;
        matched = 0;
      }
      return;
    }
    if (!inPart && bytes <= delimiter.length) {
      fail(ScanResult.Kind.INVALID_JSON, null, "The form does not begin with its boundary.");
      return;
    }
    keep(delimiter, matched);
    matched = 0;
    if (b == delimiter[0]) {
      matched = 1;
    } else if (field != null) {
      keep(new byte[] {b}, 1);
    }
  }

  private void keep(byte[] from, int length) {
    if (field == null) {
      return;
    }
    kept.write(from, 0, length);
    if (kept.size() > MAX_VALUE_BYTES) {
      fail(
          ScanResult.Kind.TOO_LONG,
          field,
          "The field '" + field + "' is longer than " + MAX_VALUE_BYTES + " bytes.");
    }
  }

  private void endPart() {
    String name = field;
    if (name == null) {
      return;
    }
    String value = kept.toString(StandardCharsets.UTF_8).strip();
    if (name.equals("stream")) {
      stream = value.equalsIgnoreCase("true") || value.equals("1");
    } else if (model == null) {
      model = value;
      int end = bytes - delimiter.length;
      if (end > valueStart) {
        modelSpan = new ByteSpan(valueStart, end);
      }
    } else {
      fail(ScanResult.Kind.DUPLICATE_FIELD, "model", "The field 'model' is there twice.");
    }
    field = null;
    kept.reset();
  }

  /** Behind a delimiter: CRLF begins a part, two dashes end the form. */
  private void afterDelimiter(byte b) {
    int at = afterDelimiter++;
    if (at == 0 && (b == '\r' || b == '-')) {
      kept.reset();
      kept.write(b);
    } else if (at == 1 && b == '\n' && kept.toByteArray()[0] == '\r') {
      kept.reset();
      endMatched = LINE_END;
      state = State.HEADERS;
    } else if (at == 1 && b == '-' && kept.toByteArray()[0] == '-') {
      kept.reset();
      state = State.END;
    } else {
      fail(ScanResult.Kind.INVALID_JSON, null, "A boundary of the form is not alone on its line.");
    }
  }

  private void header(byte b) {
    kept.write(b);
    if (kept.size() > MAX_HEADER_BYTES) {
      fail(ScanResult.Kind.TOO_LONG, null, "The headers of a form field are too long.");
      return;
    }
    if (b == EMPTY_LINE[endMatched]) {
      endMatched++;
    } else {
      endMatched = b == EMPTY_LINE[0] ? 1 : 0;
    }
    if (endMatched == EMPTY_LINE.length) {
      String headers = kept.toString(StandardCharsets.UTF_8);
      kept.reset();
      field = wanted(headers);
      valueStart = bytes;
      inPart = true;
      state = State.DATA;
    }
  }

  /** The name of the part, if it is a field that is wanted; null for files and other fields. */
  private @Nullable String wanted(String headers) {
    HeaderParameters disposition = null;
    for (var line : headers.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith(DISPOSITION)) {
        var read = HeaderParameters.parse(line.substring(DISPOSITION.length()));
        if (read == null || disposition != null) {
          failName();
          return null;
        }
        disposition = read;
      }
    }
    var name = disposition == null ? null : disposition.get("name");
    if (disposition == null || name == null) {
      return null;
    }
    if (name.indexOf('\\') >= 0) {
      failName();
      return null;
    }
    boolean wanted = name.equals("model") || name.equals("stream");
    return wanted && !disposition.isFile() ? name : null;
  }

  private void failName() {
    fail(
        ScanResult.Kind.INVALID_JSON,
        null,
        "The name of a form field could be read in more than one way.");
  }

  private void fail(ScanResult.Kind kind, @Nullable String about, String message) {
    if (fault == null) {
      fault = malformed(kind, about, message);
    }
  }

  private ScanResult.Malformed malformed(
      ScanResult.Kind kind, @Nullable String about, String message) {
    return new ScanResult.Malformed(kind, about, bytes, message);
  }
}
