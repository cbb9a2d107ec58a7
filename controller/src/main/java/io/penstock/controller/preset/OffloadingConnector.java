package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** vLLM's connector that moves KV blocks to memory and disks, from {@code kvCacheOffloading}. */
final class OffloadingConnector {

  /** Where tier {@code i} is mounted, less the number. */
  static final String TIER_PATH = "/mnt/kv-cache-";

  private OffloadingConnector() {}

  /**
   * The value of {@code --kv-transfer-config}.
   *
   * <p>Without {@code cpu} it is not complete: the merged service is refused for that, and not the
   * template of a config, which other services may complete.
   *
   * @throws TemplateFault when {@code cpu} is no quantity, or none above 0
   */
  static ObjectNode of(JsonNode offloading) {
    var cpu = text(offloading, "cpu");
    var bytes =
        Quantity.bytes(cpu.isEmpty() ? "0" : cpu)
            .filter(amount -> amount > 0 || cpu.isEmpty())
            .orElseThrow(
                () ->
                    new TemplateFault(
                        "kvCacheOffloading.cpu is '%s', allowed: a quantity of bytes, as 16Gi"
                            .formatted(cpu)));
    var tiers = array();
    for (int i = 0; i < offloading.path("secondary").size(); i++) {
      tiers.add(object("type", "fs", "root_dir", TIER_PATH + i));
    }
    var policy = text(offloading, "evictionPolicy");
    return object(
        "kv_connector",
        "OffloadingConnector",
        "kv_role",
        "kv_both",
        "kv_connector_extra_config",
        object(
            "spec_name",
            "TieringOffloadingSpec",
            "cpu_bytes_to_use",
            bytes,
            "eviction_policy",
            policy.isEmpty() ? "lru" : policy,
            "secondary_tiers",
            tiers.isEmpty() ? null : tiers));
  }
}
