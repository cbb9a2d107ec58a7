package io.penstock.proxy.exchange;

import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;

/** The scan of one request body, JSON or multipart. Confined to the exchange's event loop. */
interface BodyScan {

  /** Takes the next bytes; false once the body is malformed, whatever follows. */
  boolean feed(byte[] buffer, int offset, int length);

  /**
   * The result; call once.
   *
   * @param sentModel gives the model that a pod is asked for in place of the one named
   */
  ScanResult finish(SentModel sentModel);

  /** Gives the scanner back to its loop. */
  void close();
}
