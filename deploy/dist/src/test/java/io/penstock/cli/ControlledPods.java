package io.penstock.cli;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.http.PodConfig;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What kubelets do with the serving pods of a service: a simulated vLLM runs at the address of each
 * pod; one that is terminating finishes what it generates and goes. One thread looks at the cluster
 * again and again.
 */
final class ControlledPods implements AutoCloseable {

  private static final int PORT = 8000;

  /** Looks at the cluster, some 100 ms each, in which nothing may come. */
  private static final int QUIET_LOOKS = 15;

  /**
   * A pod that terminates.
   *
   * @param requests that its engine had been sent
   * @param looks since the last one
   */
  private record Leaving(long requests, int looks) {}

  private final KubeCluster cluster;
  private final String selector;
  private final PodConfig.Tls tls;
  private final String[] models;
  private final Fleet fleet = Fleet.builder().build();
  private final Map<String, SimulatedPod> running = new ConcurrentHashMap<>();
  private final Map<String, Leaving> leaving = new HashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread kubelet;
  private volatile Exception failure;

  /**
   * Begins to run pods.
   *
   * @param service whose pods
   * @param tls what the engines serve TLS with
   * @param models names that each engine serves
   */
  ControlledPods(KubeCluster cluster, String service, PodConfig.Tls tls, String... models) {
    this.cluster = cluster;
    this.tls = tls;
    this.selector = "kserve.io/component=workload,app.kubernetes.io/name=" + service;
    this.models = models;
    this.kubelet = Thread.ofPlatform().daemon().name("kubelet").start(this::run);
  }

  /** Engines that run, by the name of their pod. */
  Map<String, SimulatedPod> running() {
    if (failure != null) {
      throw new AssertionError("the kubelet failed", failure);
    }
    return Map.copyOf(running);
  }

  private void run() {
    try {
      while (!closed.get()) {
        look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      failure = e;
    }
  }

  private void look() throws Exception {
    var list =
        cluster.kubectl(
            "get",
            "pods",
            "--selector",
            selector,
            "--output",
            "jsonpath={range .items[*]}{.metadata.name},{.status.podIP},"
                + "{.metadata.deletionTimestamp}{\"\\n\"}{end}");
    Set<String> there = new HashSet<>();
    for (var line : list.strip().lines().toList()) {
      var parts = line.split(",", -1);
      there.add(parts[0]);
      if (!parts[2].isEmpty()) {
        end(parts[0]);
      } else if (!parts[1].isEmpty() && !running.containsKey(parts[0])) {
        running.put(parts[0], start(parts[1]));
      }
    }
    for (var gone : new HashMap<>(running).entrySet()) {
      if (!there.contains(gone.getKey())) {
        gone.getValue().kill();
        running.remove(gone.getKey());
      }
    }
  }

  private SimulatedPod start(String address) {
    return fleet.start(
        PodConfig.builder()
            .address(new InetSocketAddress(address, PORT))
            .models(models)
            .tls(tls.certificate(), tls.key())
            .profile(EngineProfile.INSTANT)
            .seed(1)
            .build());
  }

  /**
   * Ends an engine that has nothing to do and has been left alone for a while, and its pod with it:
   * a pod's preStop hook gives those who route that time to hear of its end.
   */
  private void end(String name) throws Exception {
    var engine = running.get(name);
    if (engine != null) {
      boolean busy = engine.stats().running() > 0 || engine.stats().waiting() > 0;
      var before = leaving.get(name);
      long requests = engine.stats().inferenceRequests();
      int looks = !busy && before != null && before.requests() == requests ? before.looks() + 1 : 0;
      leaving.put(name, new Leaving(requests, looks));
      if (looks < QUIET_LOOKS) {
        return;
      }
      leaving.remove(name);
    }
    cluster.kubectl("delete", "pod", name, "--grace-period=0", "--force", "--ignore-not-found");
    if (engine != null) {
      running.remove(name);
      engine.kill();
    }
  }

  @Override
  public void close() {
    closed.set(true);
    try {
      kubelet.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    fleet.close();
  }

  /** Names of the pods that run, sorted. */
  List<String> names() {
    return running().keySet().stream().sorted().toList();
  }
}
