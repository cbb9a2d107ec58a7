package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The driver of {@code benchmarks/bin/beside} puts each of its targets through a short round: that
 * they run and are measured process by process, not how fast.
 */
class BesideIT {

  private static final Path HOME = Path.of(System.getProperty("penstock.home"));
  private static final Path ENVOY_CONFIG =
      Path.of(System.getProperty("penstock.root")).resolve("deploy/envoy/fail-close.yaml");

  @TempDir private Path folder;

  @Test
  @Tag("haproxy")
  void the_gateway_is_compared_with_haproxy_busy_and_idle() throws Exception {
    var targets = "gateway,haproxy";
    var loads = "saturated,streams,idle";
    String haproxy = Kit.bringUp("haproxy", "haproxy-up");

    String table = beside("--targets", targets, "--loads", loads, "--haproxy", haproxy);

    assertThat(table)
        .contains("1 KB shared, saturated", "20 streams", "idle", " cores")
        .contains("most resident memory: gateway", "most resident memory: haproxy")
        .containsPattern("gateway +[0-9.]+ +[0-9.]+ \\([0-9.]+ to [0-9.]+\\) +1.1");
  }

  @Test
  @Tag("redis")
  void a_gateway_that_tells_a_replica_is_measured_apart_from_it_and_from_redis() throws Exception {
    String redis = Kit.bringUp("redis", "redis-up");

    String table = beside("--targets", "gateway,gateway+replica", "--redis", redis);

    assertThat(table)
        .containsPattern("its gateway +[0-9.]+ +[0-9.]+ \\(")
        .containsPattern("its replica +[0-9.]+")
        .containsPattern("its redis +[0-9.]+");
  }

  @Test
  @Tag("envoy")
  void a_picker_and_its_envoy_are_measured_apart() throws Exception {
    var targets = "envoy,envoy+picker,envoy+picker-plaintext,envoy+picker-request-only";
    var chart = folder.resolve("chart.svg");
    String envoy = Kit.bringUp("envoy", "envoy-up");

    String table = beside("--targets", targets, "--envoy", envoy, "--chart", chart.toString());

    assertThat(table)
        .contains("envoy+picker-plaintext", "envoy+picker-request-only")
        .containsPattern("its picker +[0-9.]+ +[0-9.]+ \\([0-9.]+ to [0-9.]+\\) +1.0")
        .containsPattern("its envoy +[0-9.]+ +[0-9.]+ \\(");
    assertThat(chart).content().contains("envoy+picker", "class='bar'");
  }

  /** A short run, which must have all its rounds; returns what it printed. */
  private static String beside(String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home")).resolve("bin/java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx512m"));
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Dlogback.configurationFile=" + HOME.resolve("conf/logback.xml"));
    command.addAll(List.of("-cp", HOME.resolve("lib") + "/*", "io.penstock.tools.beside.Beside"));
    command.addAll(List.of("--short", "--sizes", "1", "--streams", "20", "--loads", "saturated"));
    command.addAll(List.of("--gateway", HOME.resolve("bin/penstock").toString()));
    command.addAll(List.of("--envoy-config", ENVOY_CONFIG.toString()));
    command.addAll(List.of(flags));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as(printed).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    return printed;
  }
}
