package io.penstock.picker.extproc;

import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.BodyScanner;
import io.penstock.picker.request.ByteSpan;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.MultipartModelScanner;
import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads of a request's body what scheduling wants, as far as anything can be read. On a path of a
 * known inference API a body must be what the API takes; on any other path it is looked at, and
 * what is not understood is routed by load alone. What a client may not tell an engine is found in
 * any body that is JSON, whatever its path and its headers say.
 */
final class RequestScan {

  private final LoopState loop;

  /** Whether a body must name a model. */
  private final boolean named;

  /** Whether a body that cannot be read is refused. */
  private final boolean strict;

  private @Nullable BodyScanner json;
  private final @Nullable MultipartModelScanner form;
  private boolean understood = true;
  private boolean cut;
  private int bytes;

  private RequestScan(
      LoopState loop,
      boolean named,
      boolean strict,
      @Nullable BodyScanner json,
      @Nullable MultipartModelScanner form) {
    this.loop = loop;
    this.named = named;
    this.strict = strict;
    this.json = json;
    this.form = form;
  }

  /**
   * The scan that fits the path and the content type; null where an engine would generate from a
   * body that is said to be compressed.
   */
  static @Nullable RequestScan of(LoopState loop, RequestHead head) {
    var path = head.path();
    var api = ApiPaths.of(path);
    boolean known = api != ApiKind.OPAQUE;
    boolean strict = known || ApiPaths.generates(path);
    if (strict && head.encoded()) {
      return null;
    }
    var type = head.contentType().toLowerCase(Locale.ROOT);
    boolean json = type.contains("json");
    if (type.startsWith("application/grpc") && !json) {
      return new RequestScan(loop, false, false, null, null);
    }
    if (type.startsWith("multipart/form-data")) {
      var form = MultipartModelScanner.of(head.contentType());
      return new RequestScan(loop, false, false, null, form);
    }
    if (!known && !type.isEmpty() && !json) {
      return new RequestScan(loop, false, false, null, null);
    }
    return new RequestScan(loop, known, strict, loop.scanners().take(api), null);
  }

  /** The request of which nothing is known: no body, or none that could be read. */
  static InferenceRequest opaque(int bodyBytes) {
    return opaque(bodyBytes, List.of());
  }

  private static InferenceRequest opaque(int bodyBytes, List<ByteSpan> stripSpans) {
    return InferenceRequest.builder(ApiKind.OPAQUE, "")
        .maxTokens(0)
        .bodyBytes(bodyBytes)
        .stripSpans(stripSpans)
        .build();
  }

  /** Whether the body is a form rather than JSON. */
  boolean isForm() {
    return form != null;
  }

  /** Takes the next bytes; false when the request is to be refused, as {@link #finish} says. */
  boolean feed(byte[] array, int start, int length) {
    bytes += length;
    if (understood && json != null) {
      understood = json.feed(array, start, length);
    } else if (understood && form != null) {
      understood = form.feed(array, start, length);
    }
    return understood || !strict;
  }

  /** The body may go on, but nothing more of it comes. */
  void cut() {
    cut = true;
  }

  /**
   * What the body came to, or what is known of one that was cut; call once.
   *
   * @param sentModel gives the model that an engine is asked for in place of the one named
   */
  ScanResult finish(SentModel sentModel) {
    ScanResult result = null;
    if (json != null) {
      result = cut ? json.finishCut(sentModel) : json.finish(sentModel);
    } else if (form != null) {
      result = form.finish(sentModel);
    }
    if (result == null || (result instanceof ScanResult.Malformed malformed && routes(malformed))) {
      result = new ScanResult.Scanned(opaque(bytes, json == null ? List.of() : json.stripSpans()));
    }
    close();
    return result;
  }

  /** Whether a body goes on in which that is wrong. */
  private boolean routes(ScanResult.Malformed malformed) {
    return !strict || (!named && malformed.kind() == ScanResult.Kind.MISSING_FIELD);
  }

  /** Gives the scanner back; may be called again. */
  void close() {
    if (json != null) {
      loop.scanners().giveBack(json);
      json = null;
    }
  }
}
