package io.penstock.controller.reconcile;

import io.penstock.controller.desired.ClusterFacts;
import java.io.IOException;
import java.util.Set;

/** Which kinds a cluster serves, and what follows from it. */
final class ServedKinds {

  private ServedKinds() {}

  /**
   * Asks the API server whether it serves a kind.
   *
   * @throws IOException when it does not say
   */
  static boolean isServed(ApiServer server, Kind kind) throws IOException {
    var answer = server.get(kind.versionPath());
    if (answer.isMissing()) {
      return false;
    }
    if (!answer.isGood()) {
      throw new IOException(kind.versionPath() + ": " + answer.message());
    }
    return answer
        .body()
        .path("resources")
        .valueStream()
        .anyMatch(each -> kind.plural().equals(each.path("name").asText()));
  }

  /** What is configured, for a cluster that serves these kinds. */
  static ClusterFacts facts(ClusterFacts configured, Set<Kind> served) {
    Set<ClusterFacts.PoolVersion> pools =
        served.contains(Kind.POOL)
            ? Set.of(ClusterFacts.PoolVersion.V1)
            : served.contains(Kind.ALPHA_POOL)
                ? Set.of(ClusterFacts.PoolVersion.V1ALPHA2)
                : Set.of();
    return configured
        .withGatewayApi(served.contains(Kind.ROUTE))
        .withPoolVersions(pools)
        .withOptionalKinds(
            served.contains(Kind.LEADER_WORKER_SET), served.contains(Kind.SCALED_OBJECT));
  }
}
