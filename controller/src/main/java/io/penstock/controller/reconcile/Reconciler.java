package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Defaults;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Labels;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.desired.Renderer;
import io.penstock.controller.desired.Rendering;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pass over one service: defaults, render, bring the children about, look, and write the status
 * once at the end, only when it has changed. Thread-safe for different services at a time; a pass
 * keeps nothing, so that it may end anywhere and the next begins anew.
 *
 * <p>A service that is deleted needs no pass: every child names it as its owner, and Kubernetes
 * deletes what it owned.
 */
public final class Reconciler {

  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  /** What is not watched, such as objects that lost our label, is looked at again by then. */
  private static final Duration RESYNC = Duration.ofMinutes(10);

  private static final double NANOS = 1e9;

  private final ApiServer server;
  private final ClusterView seen;
  private final ClusterFacts facts;
  private final Clock clock;
  private final LongSupplier nanoClock;
  private final ReconcileMetrics metrics;
  private final ServingAuthority authority;
  private final Children children;
  private final Events events;
  private final Groups groups;

  /**
   * A reconciler.
   *
   * @param facts what is configured; what the cluster serves is found out
   * @param authority signs what pods serve TLS with
   */
  public Reconciler(
      ApiServer server,
      ClusterView seen,
      ClusterFacts facts,
      Clock clock,
      LongSupplier nanoClock,
      ReconcileMetrics metrics,
      ServingAuthority authority) {
    this.server = server;
    this.seen = seen;
    this.facts = facts;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.metrics = metrics;
    this.authority = authority;
    this.children = new Children(server, seen, metrics, nanoClock);
    this.events = new Events(server, clock);
    this.groups = new Groups(seen);
  }

  /** Looks at one service and does what is to be done. */
  public Pass pass(Key key) {
    long begin = nanoClock.getAsLong();
    // What is thrown is tried again too.
    boolean failed = true;
    try {
      var ended = passOrThrow(key);
      failed = ended instanceof Pass.Failed;
      return ended;
    } catch (IOException | UncheckedIOException e) {
      log.warn("{}: {}", key, e.getMessage());
      return new Pass.Failed(String.valueOf(e.getMessage()));
    } finally {
      if (failed) {
        metrics.failed();
      }
      metrics.passed((nanoClock.getAsLong() - begin) / NANOS);
    }
  }

  private Pass passOrThrow(Key key) throws IOException {
    var service = seen.get(Kind.SERVICE_OBJECT, key);
    if (service.isEmpty() || Objects.isGoing(service.get())) {
      seen.follow(key, Set.of());
      return new Pass.Settled();
    }
    return pass(service.get());
  }

  private Pass pass(ObjectNode stored) throws IOException {
    var service = Defaults.apply(stored);
    boolean stopped = "true".equalsIgnoreCase(Trees.annotation(service, Annotations.STOP));
    Rendering rendering = render(service);
    // What cannot be rendered leaves the children as they are: they may well be serving.
    var brought =
        switch (rendering) {
          case Rendering.Rendered rendered ->
              children.bring(service, stopped ? List.of() : desired(service, rendered));
          case Rendering.Refused _ when stopped -> children.bring(service, List.of());
          case Rendering.Refused _ -> Optional.of(children.asTheyAre(service));
        };
    if (brought.isEmpty()) {
      return new Pass.Settled();
    }
    return conclude(stored, rendering, brought.get(), stopped);
  }

  private Rendering render(ObjectNode service) {
    var configs = new ClusterConfigs(server, seen);
    try {
      return Renderer.render(
          service,
          configs,
          ServedKinds.facts(facts, seen.served()),
          (group, models) ->
              groups.peers(service, group).stream()
                  .filter(peer -> peer.shares(models))
                  .map(Groups.Peer::member)
                  .toList());
    } finally {
      seen.follow(Objects.key(service), configs.asked());
    }
  }

  /** The rendered children, behind the Secret that their pods wait for. */
  private List<ObjectNode> desired(ObjectNode service, Rendering.Rendered rendered)
      throws IOException {
    if (rendered.certificate().isEmpty()) {
      return rendered.children();
    }
    var wanted = rendered.certificate().get();
    var live = children.live(Kind.SECRET, new Key(Trees.namespace(service), wanted.secretName()));
    List<ObjectNode> all = new ArrayList<>();
    all.add(ServingSecret.of(service, wanted, live, authority, clock.instant()));
    all.addAll(rendered.children());
    return all;
  }

  private Pass conclude(
      ObjectNode stored, Rendering rendering, Children.Brought brought, boolean stopped)
      throws IOException {
    var sight =
        new ServiceStatus.Sight(
            stored,
            rendering,
            brought,
            pods(stored),
            stopped,
            facts.clusterDomain(),
            this::gateway,
            group(stored, rendering));
    boolean written = writeStatus(stored, ServiceStatus.of(sight, clock.instant()));
    if (!written) {
      return new Pass.Failed("the service changed meanwhile");
    }
    if (rendering instanceof Rendering.Refused(var reason, _) && !stopped) {
      var before = condition(stored.path("status"), Conditions.PRESETS_COMBINED);
      if (!Trees.text(before, "reason").equals(reason)) {
        metrics.refused(reason);
      }
    }
    return brought.problems().stream().anyMatch(each -> !each.lasting())
        ? new Pass.Failed("a child is not as desired yet")
        : new Pass.Again(Duration.ofNanos(Math.min(RESYNC.toNanos(), brought.nanos())));
  }

  /** One that no mirror shows may be there all the same, where its kind has just come. */
  private Optional<ObjectNode> gateway(Key key) {
    try {
      return children.live(Kind.GATEWAY, key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<GroupStatus> group(ObjectNode service, Rendering rendering) {
    if (!(rendering instanceof Rendering.Rendered rendered)) {
      return Optional.empty();
    }
    var name = Trees.text(rendered.spec(), "router", "route", "group");
    if (name.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new GroupStatus(
            name,
            Trees.number(rendered.spec(), 1, "router", "route", "weight"),
            Groups.models(rendered.spec(), Trees.name(service)),
            groups.peers(service, name),
            rendered.children().stream().anyMatch(each -> isOf(Kind.ROUTE, each))));
  }

  private static boolean isOf(Kind kind, ObjectNode object) {
    return Kind.of(object).equals(Optional.of(kind));
  }

  private List<ObjectNode> pods(ObjectNode service) {
    var name = Trees.name(service);
    return seen.all(Kind.POD).stream()
        .filter(pod -> Trees.namespace(pod).equals(Trees.namespace(service)))
        .filter(pod -> Objects.label(pod, Labels.NAME).equals(name))
        .toList();
  }

  /** Writes it where it differs; false when the service was not the one that was looked at. */
  private boolean writeStatus(ObjectNode stored, ObjectNode status) throws IOException {
    // By text: a number in a tree is not equal to the same number of another width.
    if (Json.canonical(status).equals(Json.canonical(stored.path("status")))) {
      return true;
    }
    var body = stored.deepCopy();
    body.set("status", status);
    var answer = server.replace(Kind.SERVICE_OBJECT.path(Objects.key(stored)) + "/status", body);
    if (answer.isMissing() || answer.isConflict()) {
      return answer.isMissing();
    }
    metrics.wrote(Kind.SERVICE_OBJECT, "status");
    if (!answer.isGood()) {
      throw new IOException("the status is refused: " + answer.message());
    }
    tell(stored, status);
    return true;
  }

  private void tell(ObjectNode stored, ObjectNode status) throws IOException {
    var before = condition(stored.path("status"), Conditions.READY);
    var now = condition(status, Conditions.READY);
    var reason = Trees.text(now, "reason");
    boolean isReady = Trees.text(now, "status").equals("True");
    boolean wasReady = Trees.text(before, "status").equals("True");
    if (isReady && !wasReady) {
      if (!Remembered.hasBeenReady(stored)) {
        metrics.becameReady(secondsSince(Trees.text(stored, "metadata", "creationTimestamp")));
      }
      events.tell(stored, "Normal", Conditions.SERVICE_READY, "the service is ready");
    } else if (!isReady && !reason.equals(Trees.text(before, "reason"))) {
      if (Trees.text(status, "phase").equals(Phase.FAILED.text())) {
        events.tell(stored, "Warning", reason, Trees.text(now, "message"));
      } else if (wasReady) {
        events.tell(stored, "Warning", "LLMInferenceServiceNotReady", Trees.text(now, "message"));
      }
    }
  }

  private double secondsSince(String time) {
    return time.isEmpty()
        ? 0
        : Duration.between(Instant.parse(time), clock.instant()).toMillis() / 1e3;
  }

  private static ObjectNode condition(JsonNode status, String type) {
    return Trees.list(status, "conditions").stream()
        .filter(each -> Trees.text(each, "type").equals(type))
        .map(ObjectNode.class::cast)
        .findFirst()
        .orElseGet(Trees::newObject);
  }

  /** The services that a change of an object may concern. */
  public Set<Key> concernedBy(Kind kind, ObjectNode object) {
    return switch (kind) {
      case SERVICE_OBJECT -> withPeers(object);
      case CONFIG_MAP -> {
        Set<Key> concerned = new HashSet<>(seen.followers(Objects.key(object)));
        owner(object).ifPresent(concerned::add);
        yield concerned;
      }
      case CONFIG, GATEWAY -> everyService();
      default -> owner(object).map(Set::of).orElse(Set.of());
    };
  }

  /** The service, and those that share their traffic with it. */
  private Set<Key> withPeers(ObjectNode service) {
    Set<Key> concerned = new HashSet<>(Set.of(Objects.key(service)));
    var group = Groups.of(service);
    if (!group.isEmpty()) {
      groups
          .members(Trees.namespace(service), group)
          .forEach(each -> concerned.add(Objects.key(each)));
    }
    return concerned;
  }

  /** Every service there is. */
  public Set<Key> everyService() {
    return seen.all(Kind.SERVICE_OBJECT).stream().map(Objects::key).collect(Collectors.toSet());
  }

  private static Optional<Key> owner(ObjectNode child) {
    for (var owner : Trees.list(child, "metadata", "ownerReferences")) {
      if (Trees.text(owner, "kind").equals(Kind.SERVICE_OBJECT.kindName())) {
        return Optional.of(new Key(Trees.namespace(child), Trees.text(owner, "name")));
      }
    }
    var name = Objects.label(child, Labels.NAME);
    return name.isEmpty() ? Optional.empty() : Optional.of(new Key(Trees.namespace(child), name));
  }
}
