package io.penstock.tools.beside;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The driver of {@code benchmarks/bin/beside}: starts mock pods and the targets, warms them, and
 * lets them take turns at every workload. Exit status: 0 when every workload has its rounds, 1 when
 * not, 2 when it was called wrongly.
 */
public final class Beside {

  private final BesideOptions options;
  private final PrintStream out;

  private Beside(BesideOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** Runs the comparison and ends the process. */
  public static void main(String[] arguments) {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    if (List.of(arguments).contains("--help")) {
      out.print(BesideOptions.USAGE);
      return;
    }
    try {
      var options = BesideOptions.parse(List.of(arguments));
      System.exit(new Beside(options, out).run() ? 0 : 1);
    } catch (IllegalArgumentException e) {
      System.err.println("beside: " + e.getMessage() + " (--help lists what is allowed)");
      System.exit(2);
    } catch (IOException e) {
      System.err.println("beside: " + e.getMessage());
      System.exit(1);
    } catch (InterruptedException e) {
      System.exit(1);
    }
  }

  /** Whether every workload got its rounds. */
  private boolean run() throws IOException, InterruptedException {
    var folder = Files.createTempDirectory("penstock-beside");
    Map<Target, Proxy> running = new LinkedHashMap<>();
    try (var pods = MockPods.start(options.endpoints(), options.pageKib())) {
      var launcher =
          new Launcher(options.commands(), options.proxyCore(), pods.endpoints(), folder);
      for (var target : options.targets()) {
        out.println("starting " + target.name() + " ...");
        running.put(target, launcher.start(target));
      }
      var meter =
          new Meter(
              options.proxyCore(),
              options.loadCore(),
              List.copyOf(running.values()),
              pods,
              options.seed());
      for (var proxy : running.values()) {
        warmUp(meter, proxy);
      }
      var direct = URI.create("http://" + pods.endpoints().getFirst());
      out.println(BesideReport.head());
      List<Comparison> all = new ArrayList<>();
      for (var workload : options.workloads()) {
        var comparison = compare(meter, workload, running, direct);
        out.print(BesideReport.rows(comparison));
        all.add(comparison);
      }
      out.print(BesideReport.memory(all));
      write(all);
      return all.stream().allMatch(each -> each.rounds().size() == options.rounds());
    } finally {
      running.values().forEach(Proxy::close);
      delete(folder);
    }
  }

  private void write(List<Comparison> all) throws IOException {
    var json = options.json();
    if (json != null) {
      try (var file = Files.newBufferedWriter(json)) {
        BesideReport.json(all, file);
      }
    }
    var chart = options.chart();
    if (chart != null) {
      Files.writeString(chart, BesideChart.of(all).svg());
    }
  }

  /** Half of the warm-up with small bodies, the rest with what else will be measured. */
  private void warmUp(Meter meter, Proxy proxy) throws IOException, InterruptedException {
    out.println("warming " + proxy.target().name() + " ...");
    long requests = options.warmup();
    long streams = Math.max(1, options.workloads().stream().filter(Workload::streams).count());
    meter.warmUp(proxy, new Workload.Chats(1 << 10, false, 0), requests / 2, options.settle());
    for (var workload : options.workloads()) {
      switch (workload) {
        case Workload.Chats chats when chats.perSecond() == 0 -> {
          long share = requests / 10 / Math.max(1, chats.bodyBytes() >> 14);
          meter.warmUp(proxy, chats, Math.max(10, share), options.settle());
        }
        case Workload.Chats _, Workload.Idle _ -> {}
        case Workload.Streams some -> {
          long events = Math.min(requests, options.settle().toSeconds() * some.eventsPerSecond());
          meter.warmUp(proxy, some, Math.max(10, events / streams), options.settle());
        }
      }
    }
  }

  private Comparison compare(Meter meter, Workload workload, Map<Target, Proxy> running, URI direct)
      throws IOException, InterruptedException {
    var comparison = new Comparison(workload, options.targets(), options.base());
    var window = workload.window(options.window());
    for (int round = 0; round < options.rounds(); round++) {
      boolean counts = false;
      for (int attempt = 0; attempt < options.attempts() && !counts; attempt++) {
        double without =
            workload instanceof Workload.Chats chats && chats.perSecond() > 0
                ? meter.direct(direct, chats, window)
                : 0;
        Map<Target, Sample> samples = new HashMap<>();
        for (var each : running.entrySet()) {
          samples.put(each.getKey(), meter.measure(each.getValue(), workload, window));
        }
        counts =
            comparison.add(new Comparison.Round(samples, without), options.mostNeighbourShare());
      }
    }
    return comparison;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
