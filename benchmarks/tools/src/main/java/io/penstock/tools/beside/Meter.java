package io.penstock.tools.beside;

import io.penstock.tools.load.ErrorKind;
import io.penstock.tools.load.LoadReport;
import io.penstock.tools.load.LoadRun;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Puts one target through one workload and reads the clocks. Confined to the driver's thread. */
final class Meter {

  private static final Duration POLL = Duration.ofMillis(2);
  private static final Duration READY_WITHIN = Duration.ofSeconds(20);
  private static final Duration STUCK_AFTER = Duration.ofSeconds(60);
  private static final int STARTED = 32;
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Share of a core below which compilers count as quiet. */
  private static final double QUIET = 0.02;

  private final int proxyCore;
  private final int loadCore;
  private final List<Proxy> proxies;
  private final MockPods pods;
  private long seed;

  /**
   * A meter.
   *
   * @param proxies all processes of ours on the proxies' core
   * @param seed of the first prompts
   */
  Meter(int proxyCore, int loadCore, List<Proxy> proxies, MockPods pods, long seed) {
    this.proxyCore = proxyCore;
    this.loadCore = loadCore;
    this.proxies = List.copyOf(proxies);
    this.pods = pods;
    this.seed = seed;
  }

  /** Both cores and everything of ours on them, at one moment. */
  private record Clocks(
      long nanos,
      Map<String, Double> partCpu,
      double ownCpu,
      double driverCpu,
      double core,
      double loadCore) {

    /** Share of the busier of the two cores that neither a proxy nor the driver used. */
    double neighbourShare(Clocks before) {
      double seconds = (nanos - before.nanos) / 1e9;
      double there = core - before.core - (ownCpu - before.ownCpu);
      double here = loadCore - before.loadCore - (driverCpu - before.driverCpu);
      return Math.max(0, Math.max(there, here) / seconds);
    }
  }

  /**
   * Sends until {@code units} answers or events came back, and measures nothing. Then goes on until
   * the target's compilers are quiet, or {@code settle} is over.
   */
  void warmUp(Proxy proxy, Workload.Traffic workload, long units, Duration settle)
      throws IOException, InterruptedException {
    beat(workload);
    var run = LoadRun.start(workload.spec(proxy.url()), workload.prompts(seed++));
    long last = 0;
    long since = System.nanoTime();
    for (long now = 0; now < units; now = progress(run, workload) + run.progress().failed()) {
      if (now > last) {
        last = now;
        since = System.nanoTime();
      } else if (System.nanoTime() - since > STUCK_AFTER.toNanos()) {
        run.stop();
        throw new IOException(
            "%s: nothing came back for %d s under %s"
                .formatted(proxy.target().name(), STUCK_AFTER.toSeconds(), workload));
      }
      pause(POLL);
    }
    long until = System.nanoTime() + settle.toNanos();
    double compiled = proxy.compilerSeconds();
    while (System.nanoTime() - until < 0) {
      pause(LOOK);
      double before = compiled;
      compiled = proxy.compilerSeconds();
      if (compiled - before < QUIET * LOOK.toNanos() / 1e9) {
        break;
      }
    }
    run.stop();
    var _ = run.await();
  }

  /** One round of one target. */
  Sample measure(Proxy proxy, Workload workload, Duration window)
      throws IOException, InterruptedException {
    return switch (workload) {
      case Workload.Idle _ -> idle(proxy, window);
      case Workload.Traffic traffic -> under(proxy, traffic, window);
    };
  }

  private Sample idle(Proxy proxy, Duration window) throws IOException, InterruptedException {
    pause(Workload.Idle.CALM);
    var start = clocks(proxy);
    pause(window);
    var end = clocks(proxy);
    double seconds = (end.nanos - start.nanos) / 1e9;
    return new Sample(costs(proxy, start, end, seconds), 1, 0, "", end.neighbourShare(start));
  }

  private Sample under(Proxy proxy, Workload.Traffic workload, Duration window)
      throws IOException, InterruptedException {
    beat(workload);
    var run = LoadRun.start(workload.spec(proxy.url()), workload.prompts(seed++));
    awaitSteady(run, workload);
    long startUnits = progress(run, workload);
    var start = clocks(proxy);
    pause(window);
    long units = progress(run, workload) - startUnits;
    var end = clocks(proxy);
    var costs = costs(proxy, start, end, (double) Math.max(1, units));
    run.stop();
    var report = run.await();
    double seconds = (end.nanos - start.nanos) / 1e9;
    return new Sample(
        costs,
        units / seconds,
        workload.streams() ? report.ttft().p50() : report.latency().p50(),
        failures(report),
        end.neighbourShare(start));
  }

  /** Such as {@code 2 errors reset, 5 errors status (503)}. */
  private static String failures(LoadReport report) {
    String statuses =
        report.statuses().keySet().stream()
            .filter(status -> status >= 300)
            .map(Object::toString)
            .collect(Collectors.joining(", ", " (", ")"));
    return report.errors().entrySet().stream()
        .map(
            error ->
                error.getValue()
                    + " errors "
                    + error.getKey().label()
                    + (error.getKey() == ErrorKind.STATUS ? statuses : ""))
        .collect(Collectors.joining(", "));
  }

  private static Map<String, Sample.Cost> costs(Proxy proxy, Clocks start, Clocks end, double units)
      throws IOException {
    Map<String, Sample.Cost> costs = new HashMap<>();
    for (var part : proxy.parts()) {
      String name = part.name();
      double seconds = end.partCpu.getOrDefault(name, 0.0) - start.partCpu.getOrDefault(name, 0.0);
      costs.put(name, new Sample.Cost(seconds * 1e6 / units, part.residentBytes()));
    }
    return costs;
  }

  /** The median latency without a proxy, in µs. */
  double direct(URI pod, Workload.Traffic workload, Duration window) throws InterruptedException {
    var run = LoadRun.start(workload.spec(pod), workload.prompts(seed++));
    awaitSteady(run, workload);
    pause(window);
    run.stop();
    return run.await().latency().p50();
  }

  private void beat(Workload.Traffic workload) {
    if (workload instanceof Workload.Streams streams) {
      pods.beat(streams.beat());
    }
  }

  /** Until connections are open and every stream has begun. */
  private static void awaitSteady(LoadRun run, Workload workload) throws InterruptedException {
    long until = System.nanoTime() + READY_WITHIN.toNanos();
    while (!steady(run, workload)
        && run.progress().failed() == 0
        && System.nanoTime() - until < 0) {
      pause(POLL);
    }
  }

  private static boolean steady(LoadRun run, Workload workload) {
    return workload instanceof Workload.Streams streams
        ? run.progress().streaming() >= streams.count()
        : run.progress().answered() >= STARTED;
  }

  private static long progress(LoadRun run, Workload workload) {
    return workload.streams() ? run.progress().events() : run.progress().answered();
  }

  private Clocks clocks(Proxy proxy) throws IOException {
    double own = 0;
    for (var each : proxies) {
      for (var part : each.parts()) {
        own += part.cpuSeconds();
      }
    }
    Map<String, Double> parts = new HashMap<>();
    for (var part : proxy.parts()) {
      parts.put(part.name(), part.cpuSeconds());
    }
    return new Clocks(
        System.nanoTime(),
        parts,
        own,
        CpuStat.processSeconds(ProcessHandle.current().pid()),
        CpuStat.coreSeconds(proxyCore),
        CpuStat.coreSeconds(loadCore));
  }

  private static void pause(Duration time) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
  }
}
