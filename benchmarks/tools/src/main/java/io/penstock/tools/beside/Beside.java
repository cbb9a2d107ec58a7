package io.penstock.tools.beside;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The driver of {@code benchmarks/bin/beside}: starts mock pods and both proxies, warms them, and
 * lets them take turns at every workload. Exit status: 0 when every workload has its rounds, 1 when
 * not, 2 when it was called wrongly.
 */
public final class Beside {

  private static final int PODS = 8;

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
    try (var pods = MockPods.start(PODS);
        var gateway =
            Proxy.gateway(options.gateway(), options.proxyCore(), pods.endpoints(), folder);
        var haproxy =
            Proxy.haproxy(options.haproxy(), options.proxyCore(), pods.endpoints(), folder)) {
      var proxies = List.of(gateway, haproxy);
      var meter = new Meter(options.proxyCore(), options.loadCore(), proxies, pods, options.seed());
      for (var proxy : proxies) {
        warmUp(meter, proxy);
      }
      var direct = URI.create("http://" + pods.endpoints().getFirst());
      out.println(BesideReport.head());
      List<Comparison> all = new ArrayList<>();
      for (var workload : options.workloads()) {
        var comparison = compare(meter, workload, gateway, haproxy, direct);
        out.println(BesideReport.row(comparison));
        all.add(comparison);
      }
      out.println(BesideReport.memory(all));
      var json = options.json();
      if (json != null) {
        try (var file = Files.newBufferedWriter(json)) {
          BesideReport.json(all, file);
        }
      }
      return all.stream().allMatch(each -> each.rounds().size() == options.rounds());
    } finally {
      delete(folder);
    }
  }

  /** Half of the warm-up with small bodies, the rest with what else will be measured. */
  private void warmUp(Meter meter, Proxy proxy) throws IOException, InterruptedException {
    out.println("warming " + proxy.name() + " ...");
    long requests = options.warmup();
    long streams = Math.max(1, options.workloads().stream().filter(Workload::streams).count());
    meter.warmUp(proxy, new Workload.Chats(1 << 10, false, 0), requests / 2, options.settle());
    for (var workload : options.workloads()) {
      switch (workload) {
        case Workload.Chats chats when chats.perSecond() == 0 -> {
          long share = requests / 10 / Math.max(1, chats.bodyBytes() >> 14);
          meter.warmUp(proxy, chats, Math.max(10, share), options.settle());
        }
        case Workload.Chats _ -> {}
        case Workload.Streams some ->
            meter.warmUp(proxy, some, requests / streams, options.settle());
      }
    }
  }

  private Comparison compare(
      Meter meter, Workload workload, Proxy gateway, Proxy haproxy, URI direct)
      throws IOException, InterruptedException {
    var comparison = new Comparison(workload);
    var window = workload.window(options.window());
    boolean fixedRate = workload instanceof Workload.Chats chats && chats.perSecond() > 0;
    for (int round = 0; round < options.rounds(); round++) {
      boolean counts = false;
      for (int attempt = 0; attempt < options.attempts() && !counts; attempt++) {
        double base = fixedRate ? meter.direct(direct, workload, window) : 0;
        var ours = meter.measure(gateway, workload, window);
        var theirs = meter.measure(haproxy, workload, window);
        counts =
            comparison.add(new Comparison.Round(ours, theirs, base), options.mostNeighbourShare());
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
