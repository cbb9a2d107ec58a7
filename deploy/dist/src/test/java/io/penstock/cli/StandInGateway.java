package io.penstock.cli;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a Gateway API implementation says of Gateways, HTTPRoutes and InferencePools: it accepts all
 * of them in the generation they are of. It moves no traffic. One thread looks again and again.
 */
final class StandInGateway implements AutoCloseable {

  private static final String ADDRESS = "203.0.113.7";
  private static final String SEEN =
      "{.metadata.namespace}|{.metadata.name}|{.metadata.generation}|";

  private final KubeCluster cluster;
  private final String namespace;
  private final String name;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread thread;
  private volatile Exception failure;

  /** Begins to accept, for the Gateway of that name. */
  StandInGateway(KubeCluster cluster, String namespace, String name) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.name = name;
    this.thread = Thread.ofPlatform().daemon().name("stand-in-gateway").start(this::run);
  }

  /** Fails where the stand-in has. */
  void assertWell() {
    if (failure != null) {
      throw new AssertionError("the stand-in gateway failed", failure);
    }
  }

  private void run() {
    try {
      while (!closed.get()) {
        look("gateways", "{.status.conditions[0].observedGeneration}", this::gateway);
        look(
            "httproutes",
            "{.status.parents[0].conditions[0].observedGeneration}",
            each ->
                "{\"status\":{\"parents\":[" + parent(each, "Accepted", "ResolvedRefs") + "]}}");
        look(
            "inferencepools.inference.networking.k8s.io",
            "{.status.parents[0].conditions[0].observedGeneration}",
            each ->
                "{\"status\":{\"parents\":[" + parent(each, "Accepted", "ResolvedRefs") + "]}}");
      }
    } catch (Exception e) {
      failure = e;
    }
  }

  /** What is said of an object of that generation. */
  private interface Saying {
    String of(String generation);
  }

  private void look(String kind, String observed, Saying saying) throws Exception {
    var lines =
        cluster.kubectl(
            "get",
            kind,
            "--all-namespaces",
            "-o",
            "jsonpath={range .items[*]}" + SEEN + observed + "{\"\\n\"}{end}");
    for (var line : lines.strip().lines().toList()) {
      var parts = List.of(line.split("\\|", -1));
      if (!parts.get(2).equals(parts.get(3))) {
        cluster.patchStatus(kind, parts.get(0), parts.get(1), saying.of(parts.get(2)));
      }
    }
  }

  private String gateway(String generation) {
    return """
        {"status":{"addresses":[{"type":"IPAddress","value":"%s"}],"conditions":[%s]}}"""
        .formatted(ADDRESS, conditions(generation, "Accepted", "Programmed"));
  }

  private String parent(String generation, String... types) {
    return """
        {"parentRef":{"group":"gateway.networking.k8s.io","kind":"Gateway","namespace":"%s",\
        "name":"%s"},"controllerName":"example.org/stand-in","conditions":[%s]}"""
        .formatted(namespace, name, conditions(generation, types));
  }

  private static String conditions(String generation, String... types) {
    StringBuilder all = new StringBuilder();
    for (var type : types) {
      all.append(all.isEmpty() ? "" : ",")
          .append(
              """
              {"type":"%s","status":"True","reason":"%s","message":"","observedGeneration":%s,\
              "lastTransitionTime":"2026-01-01T00:00:00Z"}"""
                  .formatted(type, type, generation));
    }
    return all.toString();
  }

  @Override
  public void close() {
    closed.set(true);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
