package io.penstock.picker.discovery.kubernetes;

/** What this process asks of the pods that it finds. */
public enum PodUse {
  /** Requests of clients, and metrics. */
  REQUESTS,
  /** Metrics alone: a gateway elsewhere sends the requests. */
  METRICS;

  boolean isRequests() {
    return this == REQUESTS;
  }
}
