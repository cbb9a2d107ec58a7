package io.penstock.proxy.exchange;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.penstock.picker.request.BodyScanner;
import io.penstock.picker.request.BodyScanners;
import io.penstock.picker.request.MultipartModelScanner;
import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;
import io.penstock.proxy.openai.Target;
import org.jspecify.annotations.Nullable;

/** The scan that goes with a request's path and content type. Stateless. */
final class BodyScans {

  private BodyScans() {}

  /** A scan, or null when a form was expected and the content type names no boundary, or two. */
  static @Nullable BodyScan of(
      BodyScanners scanners, Target.Inference inference, HttpHeaders headers) {
    if (!inference.multipart()) {
      return new Json(scanners, scanners.take(inference.api()));
    }
    var form = MultipartModelScanner.of(headers.get(HttpHeaderNames.CONTENT_TYPE));
    return form == null ? null : new Form(form);
  }

  /**
   * A JSON body, scanned by one of the loop's scanners, which goes back when the body has ended.
   */
  private static final class Json implements BodyScan {
    private final BodyScanners scanners;
    private @Nullable BodyScanner scanner;

    Json(BodyScanners scanners, BodyScanner scanner) {
      this.scanners = scanners;
      this.scanner = scanner;
    }

    @Override
    public boolean feed(byte[] buffer, int offset, int length) {
      return scanner != null && scanner.feed(buffer, offset, length);
    }

    @Override
    public ScanResult finish(SentModel sentModel) {
      if (scanner == null) {
        throw new IllegalStateException("finished or closed");
      }
      var result = scanner.finish(sentModel);
      close();
      return result;
    }

    @Override
    public void close() {
      if (scanner != null) {
        scanners.giveBack(scanner);
        scanner = null;
      }
    }
  }

  /** A form. */
  private record Form(MultipartModelScanner scanner) implements BodyScan {

    @Override
    public boolean feed(byte[] buffer, int offset, int length) {
      return scanner.feed(buffer, offset, length);
    }

    @Override
    public ScanResult finish(SentModel sentModel) {
      return scanner.finish(sentModel);
    }

    @Override
    public void close() {}
  }
}
