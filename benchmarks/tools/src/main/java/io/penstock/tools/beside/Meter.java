package io.penstock.tools.beside;

import io.penstock.tools.load.LoadRun;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Puts one proxy through one workload and reads the clocks. Confined to the driver's thread. */
final class Meter {

  private static final Duration POLL = Duration.ofMillis(2);
  private static final Duration READY_WITHIN = Duration.ofSeconds(20);
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
      long nanos, double proxyCpu, double ownCpu, double driverCpu, double core, double loadCore) {

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
   * the proxy's compilers are quiet, or {@code settle} is over.
   */
  void warmUp(Proxy proxy, Workload workload, long units, Duration settle)
      throws IOException, InterruptedException {
    beat(workload);
    var run = LoadRun.start(workload.spec(proxy.url()), workload.prompts(seed++));
    while (progress(run, workload) + run.progress().failed() < units) {
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

  /** One round of one proxy. */
  Sample measure(Proxy proxy, Workload workload, Duration window)
      throws IOException, InterruptedException {
    beat(workload);
    var run = LoadRun.start(workload.spec(proxy.url()), workload.prompts(seed++));
    awaitSteady(run, workload);
    long startUnits = progress(run, workload);
    var start = clocks(proxy);
    pause(window);
    long units = progress(run, workload) - startUnits;
    var end = clocks(proxy);
    long resident = proxy.residentBytes();
    run.stop();
    var report = run.await();
    double seconds = (end.nanos - start.nanos) / 1e9;
    return new Sample(
        (end.proxyCpu - start.proxyCpu) * 1e6 / Math.max(1, units),
        units / seconds,
        workload.streams() ? report.ttft().p50() : report.latency().p50(),
        resident,
        report.failed(),
        end.neighbourShare(start));
  }

  /** The median latency without a proxy, in µs. */
  double direct(URI pod, Workload workload, Duration window) throws InterruptedException {
    var run = LoadRun.start(workload.spec(pod), workload.prompts(seed++));
    awaitSteady(run, workload);
    pause(window);
    run.stop();
    return run.await().latency().p50();
  }

  private void beat(Workload workload) {
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
      own += each.cpuSeconds();
    }
    return new Clocks(
        System.nanoTime(),
        proxy.cpuSeconds(),
        own,
        CpuStat.processSeconds(ProcessHandle.current().pid()),
        CpuStat.coreSeconds(proxyCore),
        CpuStat.coreSeconds(loadCore));
  }

  private static void pause(Duration time) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
  }
}
