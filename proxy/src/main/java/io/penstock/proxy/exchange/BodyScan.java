package io.penstock.proxy.exchange;

import io.penstock.picker.request.ScanResult;
import io.penstock.picker.request.SentModel;

/** The scan of one request body, JSON or multipart. Confined to the exchange's event loop. */
interface BodyScan {

  /** Takes the next bytes; false once the body is malformed, whatever follows. */
  boolean feed(byte[] buffer, int offset, int length);

  /**
   * The result; call once. A scanner of the loop's goes back, since the body may wait for its pod
   * for a long time yet.
   *
   * @param sentModel gives the model that a pod is asked for in place of the one named
   */
  ScanResult finish(SentModel sentModel);

  /** Gives back what a scan that is not to be finished took; again is harmless. */
  void close();
}
