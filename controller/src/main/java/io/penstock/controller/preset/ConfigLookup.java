package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * Where configs are found: a plain look into the cluster, or into files. The order of namespaces is
 * the caller's, and built-in presets are not asked for here. Returned trees are not changed.
 */
public interface ConfigLookup {

  /** The LLMInferenceServiceConfig (hub version) of that name in that namespace. */
  Optional<ObjectNode> config(String namespace, String name);

  /** The ConfigMap of that name in that namespace. */
  Optional<ObjectNode> configMap(String namespace, String name);

  /** A place without anything. */
  static ConfigLookup empty() {
    return new ConfigLookup() {
      @Override
      public Optional<ObjectNode> config(String namespace, String name) {
        return Optional.empty();
      }

      @Override
      public Optional<ObjectNode> configMap(String namespace, String name) {
        return Optional.empty();
      }
    };
  }
}
