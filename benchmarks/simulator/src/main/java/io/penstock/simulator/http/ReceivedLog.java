package io.penstock.simulator.http;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The latest requests of a pod, bounded by their number and by the bytes of their bodies. Confined
 * to the pod's event loop.
 */
final class ReceivedLog {

  private static final long MAX_BYTES = 64L << 20;

  private final int limit;
  private final ArrayDeque<ReceivedRequest> requests = new ArrayDeque<>();
  private long bytes;

  ReceivedLog(int limit) {
    this.limit = limit;
  }

  void add(ReceivedRequest request) {
    requests.add(request);
    bytes += request.body().length;
    while (requests.size() > limit || (bytes > MAX_BYTES && !requests.isEmpty())) {
      bytes -= requests.remove().body().length;
    }
  }

  /** The requests, oldest first. */
  List<ReceivedRequest> copy() {
    return new ArrayList<>(requests);
  }
}
