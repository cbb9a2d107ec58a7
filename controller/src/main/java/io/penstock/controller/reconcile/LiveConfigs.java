package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ConfigLookup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * Configs that stand beside a service, and else those of the cluster, each asked for when it is
 * named. Blocks the caller.
 *
 * @param beside looked into first
 */
record LiveConfigs(ApiServer server, ConfigLookup beside) implements ConfigLookup {

  @Override
  public Optional<ObjectNode> config(String namespace, String name) {
    return beside
        .config(namespace, name)
        .or(() -> read(server, Kind.CONFIG, new Key(namespace, name)));
  }

  @Override
  public Optional<ObjectNode> configMap(String namespace, String name) {
    return beside
        .configMap(namespace, name)
        .or(() -> read(server, Kind.CONFIG_MAP, new Key(namespace, name)));
  }

  /** An object as the API server has it now. */
  static Optional<ObjectNode> read(ApiServer server, Kind kind, Key key) {
    if (!key.isPossible()) {
      return Optional.empty();
    }
    try {
      var answer = server.get(kind.path(key));
      if (answer.isMissing()) {
        return Optional.empty();
      }
      if (!answer.isGood()) {
        throw new IOException("%s %s: %s".formatted(kind.kindName(), key, answer.message()));
      }
      return Optional.of(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
