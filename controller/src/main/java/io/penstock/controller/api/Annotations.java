package io.penstock.controller.api;

/** Names of annotations that mean something to the controller. */
public final class Annotations {

  /** {@code "true"}, in any case: the service's children are deleted until it is taken off. */
  public static final String STOP = "serving.kserve.io/stop";

  /** {@code penstock}: Penstock's gateway also where the cluster has the Gateway API. */
  public static final String GATEWAY = "penstock.io/gateway";

  /** A service's criticality of v1alpha1, which the hub has no field for. */
  public static final String MODEL_CRITICALITY = "internal.serving.kserve.io/model-criticality";

  /** Adapters' criticalities of v1alpha1: a JSON object by adapter name. */
  public static final String LORA_CRITICALITIES = "internal.serving.kserve.io/lora-criticalities";

  /** On a v1alpha1 object: what only the hub can express ({@link Stash}). */
  public static final String HUB_DATA = "internal.serving.kserve.io/hub-data";

  /** On a hub object: what only v1alpha1 can express ({@link Stash}). */
  public static final String V1ALPHA1_DATA = "internal.serving.kserve.io/v1alpha1-data";

  public static final String DRA_PREFIX = "serving.kserve.io/exp-dra-";
  public static final String DRA_DEVICE_CLASS = DRA_PREFIX + "device-class";
  public static final String DRA_DEVICE_COUNT = DRA_PREFIX + "device-count";
  public static final String DRA_CEL_SELECTOR = DRA_PREFIX + "cel-selector";
  public static final String DRA_CONTAINER_NAME = DRA_PREFIX + "container-name";

  private Annotations() {}
}
