package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Verdict;

/**
 * Says whether a config's templates can be rendered. Called on the server's event loops, several at
 * a time: it must not block.
 */
@FunctionalInterface
public interface ConfigCheck {

  /** Finds nothing wrong. */
  ConfigCheck NONE = config -> Verdict.FINE;

  /** Judges a config in the hub version, which it must not change. */
  Verdict check(ObjectNode config);
}
