package io.penstock.proxy.disagg;

import io.penstock.proxy.exchange.PrefillLeg;

/** The connectors that keep nothing in mind, each as the legs it makes. */
public final class Connectors {

  /** vLLM's NixlConnector. */
  public static final PrefillLeg NIXLV2 = new NixlLeg();

  /** vLLM's OffloadingConnector with a tier of peers. */
  public static final PrefillLeg OFFLOADING = new OffloadingLeg();

  /** SGLang's disaggregation. */
  public static final PrefillLeg SGLANG = new SglangLeg();

  /** A store that all pods share: vLLM's ExampleConnector, LMCache. */
  public static final PrefillLeg SHARED_STORAGE = new SharedStorageLeg();

  private Connectors() {}
}
