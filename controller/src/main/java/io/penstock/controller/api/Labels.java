package io.penstock.controller.api;

/** Names and values of labels on services and their children; the same as KServe's. */
public final class Labels {

  public static final String NAME = "app.kubernetes.io/name";
  public static final String COMPONENT = "app.kubernetes.io/component";

  /** On every child; with {@link #PART_OF_VALUE} it is what informers select. */
  public static final String PART_OF = "app.kubernetes.io/part-of";

  public static final String PART_OF_VALUE = "llminferenceservice";

  /** On pods that serve; with {@link #SERVING_VALUE}. */
  public static final String SERVING = "kserve.io/component";

  public static final String SERVING_VALUE = "workload";

  /** {@code both}, {@code decode} or {@code prefill}. */
  public static final String ROLE = "llm-d.ai/role";

  /** On a service: the group of {@code spec.router.route.group}, for selectors. */
  public static final String ROUTING_GROUP = "serving.kserve.io/routing-group";

  private Labels() {}
}
