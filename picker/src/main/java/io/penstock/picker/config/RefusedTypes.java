package io.penstock.picker.config;

import java.util.Map;
import java.util.TreeMap;

/** Types of llm-d that are refused by name, each with the sentence that says why. Stateless. */
final class RefusedTypes {

  private static final String LATENCY =
      "it needs a latency predictor's sidecars, which are not asked; expected-cost-picker predicts"
          + " latency by itself";
  private static final String KV_EVENTS =
      "caches are not followed by KV events yet; approx-prefix-cache-producer learns from what is"
          + " sent";
  private static final String DISAGGREGATION =
      "profiles for separate prefill and decode are not run yet";
  private static final String GRPC = "only HTTP is understood";
  private static final String MULTICLUSTER = "pools of other clusters are not supported";

  private RefusedTypes() {}

  static Map<String, String> all() {
    Map<String, String> refused = new TreeMap<>();
    refused.put("latency-scorer", LATENCY);
    refused.put("slo-headroom-tier-filter", LATENCY);
    refused.put("predicted-latency-producer", LATENCY);
    refused.put("latency-slo-admitter", LATENCY);
    refused.put("precise-prefix-cache-scorer", KV_EVENTS);
    refused.put("precise-prefix-cache-producer", KV_EVENTS);
    refused.put("p2p-source-producer", KV_EVENTS);
    refused.put("endpoint-notification-source", KV_EVENTS);
    refused.put("disagg-profile-handler", DISAGGREGATION);
    refused.put("pd-profile-handler", DISAGGREGATION);
    refused.put("disagg-headers-handler", DISAGGREGATION);
    refused.put("prefill-header-handler", DISAGGREGATION);
    refused.put("always-disagg-pd-decider", DISAGGREGATION);
    refused.put("always-disagg-multimodal-decider", DISAGGREGATION);
    refused.put("prefix-based-pd-decider", DISAGGREGATION);
    refused.put("topology-affinity-scorer", DISAGGREGATION);
    refused.put("topology-affinity-filter", DISAGGREGATION);
    refused.put("topology-extractor", DISAGGREGATION);
    refused.put(
        "data-parallel-profile-handler",
        "each rank of a pod is an endpoint of its own here, and no sidecar is told of one");
    refused.put("multicluster-queue-scorer", MULTICLUSTER);
    refused.put("multicluster-kv-cache-utilization-scorer", MULTICLUSTER);
    refused.put("multicluster-prefix-cache-scorer", MULTICLUSTER);
    refused.put("multicluster-file-discovery", MULTICLUSTER);
    refused.put("multicluster-metrics-data-source", MULTICLUSTER);
    refused.put("multicluster-metrics-extractor", MULTICLUSTER);
    refused.put("vllmgrpc-parser", GRPC);
    refused.put("vertexai-parser", GRPC);
    refused.put("sglanghttp-parser", "SGLang's own API is not understood yet");
    refused.put("mm-embeddings-cache-scorer", "caches of encoders are not followed");
    refused.put("mm-embeddings-cache-producer", "caches of encoders are not followed");
    refused.put("burst-prefix-cache-producer", "requests are never held back for others to come");
    refused.put("endpoint-attribute-scorer", "metrics other than vLLM's own are not read yet");
    refused.put("endpoint-attribute-filter", "metrics other than vLLM's own are not read yet");
    refused.put("dcgm-data-source", "metrics other than vLLM's own are not read yet");
    refused.put("dcgm-extractor", "metrics other than vLLM's own are not read yet");
    refused.put("k8s-notification-source", "no plugin here wants notifications");
    refused.put("disaggregatedset-rollout-screener", "rollouts are not screened");
    refused.put("request-attribute-reporter", "there are no expressions over a request's usage");
    refused.put("destination-endpoint-served-verifier", "penstock conform tests it from outside");
    refused.put(
        "file-discovery",
        "where endpoints come from is set by the picker's flags or the gateway's pools");
    return refused;
  }
}
