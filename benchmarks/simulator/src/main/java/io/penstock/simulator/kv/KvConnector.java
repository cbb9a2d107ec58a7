package io.penstock.simulator.kv;

import java.util.Locale;

/** What pods speak to move KV cache. */
public enum KvConnector {
  /** vLLM's NixlConnector: the prefill pod's answer says where its blocks are. */
  NIXLV2,
  /** vLLM's MooncakeConnector: both legs carry one transfer id and run side by side. */
  MOONCAKE,
  /** SGLang's PD: both legs carry one bootstrap room and run side by side. */
  SGLANG,
  /** vLLM's OffloadingConnector with peers: both legs carry one request id. */
  OFFLOADING,
  /** A store that all pods share: the prefill writes it, the decode finds it. */
  SHARED_STORAGE;

  /** The connector of that name, as {@code nixlv2} or {@code shared-storage}. */
  public static KvConnector named(String name) {
    for (var connector : values()) {
      if (connector.text().equals(name)) {
        return connector;
      }
    }
    throw new IllegalArgumentException(
        "connector \""
            + name
            + "\" is not known, use nixlv2, mooncake, sglang, offloading or"
            + " shared-storage");
  }

  /** Its name. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
