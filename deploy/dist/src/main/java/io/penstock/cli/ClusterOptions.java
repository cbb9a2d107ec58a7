package io.penstock.cli;

import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.desired.ClusterFacts.PoolVersion;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What a cluster is taken to offer by a command that asks none. */
final class ClusterOptions {

  /** Which InferencePools there are. */
  enum Pools {
    V1,
    V1ALPHA2,
    NONE;

    Set<PoolVersion> versions() {
      return switch (this) {
        case V1 -> Set.of(PoolVersion.V1);
        case V1ALPHA2 -> Set.of(PoolVersion.V1ALPHA2);
        case NONE -> Set.of();
      };
    }

    /** As it is written on the command line. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--gateway-api",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      paramLabel = "BOOL",
      description =
          "whether the cluster has the Gateway API; without it the gateway is Penstock's"
              + " (default: ${DEFAULT-VALUE})")
  private boolean gatewayApi;

  @Option(
      names = "--pool-version",
      paramLabel = "VERSION",
      description =
          "version of InferencePool that it serves: ${COMPLETION-CANDIDATES}"
              + " (default: ${DEFAULT-VALUE})")
  private Pools pools = Pools.V1;

  @Option(
      names = "--leader-worker-set",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      paramLabel = "BOOL",
      description = "whether it has LeaderWorkerSets (default: ${DEFAULT-VALUE})")
  private boolean leaderWorkerSet;

  @Option(
      names = "--keda",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      paramLabel = "BOOL",
      description = "whether it has KEDA's ScaledObjects (default: ${DEFAULT-VALUE})")
  private boolean keda;

  /** These facts, for the cluster that the flags describe. */
  ClusterFacts complete(ClusterFacts facts) {
    return facts
        .withGatewayApi(gatewayApi)
        .withPoolVersions(pools.versions())
        .withOptionalKinds(leaderWorkerSet, keda);
  }

  /** Refuses to be told what a cluster says itself. */
  void refuseAny(CommandLine command) {
    for (var option : List.of("--gateway-api", "--pool-version", "--leader-worker-set", "--keda")) {
      if (command.getParseResult().hasMatchedOption(option)) {
        throw new ParameterException(
            command, option + " goes without --diff only: the cluster says what it serves");
      }
    }
  }
}
