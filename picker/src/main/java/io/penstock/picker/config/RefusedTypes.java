package io.penstock.picker.config;

import java.util.Map;
import java.util.TreeMap;

/** Types of llm-d that are refused by name, each with the sentence that says why. Stateless. */
final class RefusedTypes {

  private static final String KV_EVENTS =
      "caches are not followed by KV events yet; approx-prefix-cache-producer learns from what is"
          + " sent";
  private static final String GRPC = "only HTTP is understood";
  private static final String MULTICLUSTER = "pools of other clusters are not supported";

  private static final String ONE_PAGE =
      "an endpoint has one page, its engine's; core-metrics-extractor reads custom metrics of it";

  private RefusedTypes() {}

  static Map<String, String> all() {
    Map<String, String> refused = new TreeMap<>();
    refused.put("precise-prefix-cache-scorer", KV_EVENTS);
    refused.put("precise-prefix-cache-producer", KV_EVENTS);
    refused.put("p2p-source-producer", KV_EVENTS);
    refused.put("multicluster-queue-scorer", MULTICLUSTER);
    refused.put("multicluster-kv-cache-utilization-scorer", MULTICLUSTER);
    refused.put("multicluster-prefix-cache-scorer", MULTICLUSTER);
    refused.put("multicluster-file-discovery", MULTICLUSTER);
    refused.put("multicluster-metrics-data-source", MULTICLUSTER);
    refused.put("multicluster-metrics-extractor", MULTICLUSTER);
    refused.put("vllmgrpc-parser", GRPC);
    refused.put("vertexai-parser", GRPC);
    refused.put("mm-embeddings-cache-scorer", "caches of encoders are not followed");
    refused.put("mm-embeddings-cache-producer", "caches of encoders are not followed");
    refused.put("burst-prefix-cache-producer", "requests are never held back for others to come");
    refused.put("dcgm-data-source", ONE_PAGE);
    refused.put("dcgm-extractor", ONE_PAGE);
    refused.put("k8s-notification-source", "no plugin here wants notifications");
    refused.put("disaggregatedset-rollout-screener", "rollouts are not screened");
    refused.put("destination-endpoint-served-verifier", "penstock conform tests it from outside");
    refused.put(
        "file-discovery",
        "where endpoints come from is set by the picker's flags or the gateway's pools");
    return refused;
  }
}
