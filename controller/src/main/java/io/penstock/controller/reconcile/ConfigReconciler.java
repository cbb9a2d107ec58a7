package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ConfigTrial;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.io.IOException;
import java.time.Clock;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the status of configs which services stand on them. A config that is deleted while it is
 * in use takes nothing down: its services say so and go on as they are. Thread-safe for different
 * configs at a time.
 */
public final class ConfigReconciler {

  private static final Logger log = LoggerFactory.getLogger(ConfigReconciler.class);

  /** Services that are listed by name. */
  private static final int MOST_NAMES = 100;

  private final ApiServer server;
  private final ClusterView seen;
  private final String systemNamespace;
  private final Clock clock;
  private final ReconcileMetrics metrics;

  /**
   * A reconciler of configs.
   *
   * @param systemNamespace whose configs are there for the services of all namespaces
   */
  public ConfigReconciler(
      ApiServer server,
      ClusterView seen,
      String systemNamespace,
      Clock clock,
      ReconcileMetrics metrics) {
    this.server = server;
    this.seen = seen;
    this.systemNamespace = systemNamespace;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** Looks at one config and writes its status where that has changed. */
  public Pass pass(Key key) {
    var config = seen.get(Kind.CONFIG, key);
    if (config.isEmpty() || Objects.isGoing(config.get())) {
      return new Pass.Settled();
    }
    try {
      return write(config.get(), status(config.get()));
    } catch (IOException e) {
      log.warn("config {}: {}", key, e.getMessage());
      return new Pass.Failed(String.valueOf(e.getMessage()));
    }
  }

  private Pass write(ObjectNode config, ObjectNode status) throws IOException {
    if (Json.canonical(status).equals(Json.canonical(config.path("status")))) {
      return new Pass.Settled();
    }
    var body = config.deepCopy();
    body.set("status", status);
    var answer = server.replace(Kind.CONFIG.path(Objects.key(config)) + "/status", body);
    if (answer.isMissing()) {
      return new Pass.Settled();
    }
    if (answer.isConflict()) {
      return new Pass.Failed("the config changed meanwhile");
    }
    metrics.wrote(Kind.CONFIG, "status");
    if (!answer.isGood()) {
      throw new IOException("the status is refused: " + answer.message());
    }
    return new Pass.Settled();
  }

  private ObjectNode status(ObjectNode config) {
    var users =
        seen.all(Kind.SERVICE_OBJECT).stream()
            .filter(service -> !Objects.isGoing(service) && uses(service, Objects.key(config)))
            .map(Objects::key)
            .sorted(Comparator.comparing(Key::toString))
            .toList();
    var generation = Objects.generation(config);
    var conditions =
        new ConditionList(config.path("status").path("conditions"), generation, clock.instant());
    conditions.set(Conditions.READY, ready(config));
    conditions.set(
        Conditions.CONFIG_IN_USE,
        users.isEmpty()
            ? Verdict.no("NotInUse", "no service stands on it")
            : Verdict.yes("InUse", "%d services stand on it".formatted(users.size())));
    var status = Trees.newObject();
    status.put("observedGeneration", generation);
    status.set("conditions", conditions.toTree());
    if (!users.isEmpty()) {
      var list = status.putArray("referencedBy");
      users.stream()
          .limit(MOST_NAMES)
          .forEach(
              user -> list.addObject().put("name", user.name()).put("namespace", user.namespace()));
    }
    return status;
  }

  /** Whether its templates can be rendered; nobody may have been asked when it was stored. */
  private static Verdict ready(ObjectNode config) {
    var faults = ConfigTrial.check(config).errors();
    if (faults.isEmpty()) {
      return Verdict.yes("Valid", "its templates can be rendered");
    }
    return Verdict.no("CombineBaseError", faults.getFirst().message());
  }

  /** Whether a service has been rendered with a config, or asks for it by name. */
  private boolean uses(ObjectNode service, Key config) {
    return named(service).contains(config);
  }

  /** The configs, there or not, that a service has been rendered with or asks for. */
  private Set<Key> named(ObjectNode service) {
    Set<Key> named = new HashSet<>();
    for (var applied : Trees.list(service, "status", "appliedConfigs")) {
      named.add(new Key(Trees.text(applied, "namespace"), Trees.text(applied, "name")));
    }
    for (var ref : Trees.list(service, "spec", "baseRefs")) {
      var own = new Key(Trees.namespace(service), Trees.text(ref, "name"));
      named.add(
          seen.get(Kind.CONFIG, own).isPresent() ? own : new Key(systemNamespace, own.name()));
    }
    return named;
  }

  /** The configs that a change of an object may concern. */
  public Set<Key> concernedBy(Kind kind, ObjectNode object) {
    return switch (kind) {
      case CONFIG -> Set.of(Objects.key(object));
      case SERVICE_OBJECT -> named(object);
      default -> Set.of();
    };
  }

  /** Every config there is. */
  public List<Key> every() {
    return seen.all(Kind.CONFIG).stream().map(Objects::key).toList();
  }
}
