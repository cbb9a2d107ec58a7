package io.penstock.proxy.upstream;

import io.penstock.picker.pool.EndpointId;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The idle connections of one loop to one endpoint, newest last. Confined to the event loop. */
final class IdleConnections {

  private final EndpointId endpoint;
  private final ArrayDeque<UpstreamConnection> idle = new ArrayDeque<>();
  private boolean dropped;

  IdleConnections(EndpointId endpoint) {
    this.endpoint = endpoint;
  }

  EndpointId endpoint() {
    return endpoint;
  }

  /**
   * The connection used last, which is the least likely to be closed by the pod; null if none.
   * Those that have been idle since before a moment are closed instead.
   */
  @Nullable UpstreamConnection take(long nanos) {
    closeIdleSince(nanos);
    for (var newest = idle.pollLast(); newest != null; newest = idle.pollLast()) {
      if (newest.usable()) {
        return newest;
      }
    }
    return null;
  }

  /** Keeps a connection; false when the endpoint has gone or enough are kept. */
  boolean keep(UpstreamConnection connection, int most) {
    if (dropped || idle.size() >= most) {
      return false;
    }
    idle.addLast(connection);
    return true;
  }

  void remove(UpstreamConnection connection) {
    idle.remove(connection);
  }

  /** Closes those that have been idle since before a moment. */
  void closeIdleSince(long nanos) {
    while (!idle.isEmpty() && idle.peekFirst().idleSinceNanos() - nanos <= 0) {
      idle.pollFirst().close();
    }
  }

  /** Closes all, and keeps none from now on. */
  void drop() {
    dropped = true;
    for (var each = idle.pollFirst(); each != null; each = idle.pollFirst()) {
      each.close();
    }
  }

  int size() {
    return idle.size();
  }
}
