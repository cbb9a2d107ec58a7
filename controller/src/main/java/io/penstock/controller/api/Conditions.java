package io.penstock.controller.api;

/** Types of the conditions in a service's status; the same as KServe's, and the owner's. */
public final class Conditions {

  public static final String READY = "Ready";

  /** The same truth as {@link #READY}, under the name that people wait for. */
  public static final String SERVICE_READY = "LLMInferenceServiceReady";

  public static final String PRESETS_COMBINED = "PresetsCombined";

  public static final String WORKLOADS_READY = "WorkloadsReady";
  public static final String MAIN_WORKLOAD_READY = "MainWorkloadReady";
  public static final String WORKER_WORKLOAD_READY = "WorkerWorkloadReady";
  public static final String PREFILL_WORKLOAD_READY = "PrefillWorkloadReady";
  public static final String PREFILL_WORKER_WORKLOAD_READY = "PrefillWorkerWorkloadReady";
  public static final String SCALING_READY = "ScalingReady";
  public static final String PREFILL_SCALING_READY = "PrefillScalingReady";

  public static final String ROUTER_READY = "RouterReady";
  public static final String GATEWAYS_READY = "GatewaysReady";
  public static final String HTTP_ROUTES_READY = "HTTPRoutesReady";
  public static final String INFERENCE_POOL_READY = "InferencePoolReady";
  public static final String SCHEDULER_WORKLOAD_READY = "SchedulerWorkloadReady";

  public static final String GROUP_READY = "GroupReady";
  public static final String GROUP_DEGRADED = "GroupDegraded";

  /** Of a config. */
  public static final String CONFIG_IN_USE = "ConfigInUse";

  private Conditions() {}
}
