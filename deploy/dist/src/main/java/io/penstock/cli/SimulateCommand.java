package io.penstock.cli;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.fault.FaultSpec;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import io.penstock.simulator.metrics.EngineKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock simulate}: simulated vLLM pods alone. */
@Command(
    name = "simulate",
    description = "Runs simulated vLLM pods on loopback ports.",
    mixinStandardHelpOptions = true)
final class SimulateCommand implements Callable<Integer> {

  @Option(names = "--pods", paramLabel = "N", description = "how many (default: ${DEFAULT-VALUE})")
  private int pods = 8;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "port of the first; the others follow; 0: free ones (default: 8001)")
  private int port = 8001;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "a served model; may be repeated (default: tiny)")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "8b, 70b or instant (default: 8b)")
  private String profile = "8b";

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      description =
          "whose metrics the pods show: vllm, sglang or triton-tensorrt-llm (default: vllm)")
  private String metrics = "vllm";

  @Option(names = "--seed", paramLabel = "N", description = "seed of ids and texts")
  private long seed;

  @Option(
      names = "--fault",
      paramLabel = "FAULT",
      description = "what every pod does wrong, such as status:code=503; may be repeated")
  private List<String> faults = new ArrayList<>();

  @Option(
      names = "--ssl-certfile",
      paramLabel = "FILE",
      description = "serves TLS with this certificate chain (PEM), as vLLM's flag of that name")
  private @Nullable Path certificate;

  @Option(names = "--ssl-keyfile", paramLabel = "FILE", description = "its key (PEM, PKCS#8)")
  private @Nullable Path key;

  @Option(
      names = "--kv-connector",
      paramLabel = "NAME",
      description =
          "how the pods hand KV cache to each other: nixlv2, mooncake, sglang, offloading or"
              + " shared-storage (default: not at all)")
  private @Nullable String connector;

  @Option(
      names = "--kv-prefill",
      description =
          "the pods compute prompts for others, as SGLang's --disaggregation-mode prefill")
  private boolean prefills;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    if (pods < 1 || pods > 1_000) {
      throw wrong("--pods is " + pods + ", allowed: 1 to 1000");
    }
    if (port < 0 || port + (port == 0 ? 0 : pods - 1) > 65_535) {
      throw wrong("--port is " + port + ", allowed: 0, or ports up to 65535 for all pods");
    }
    var specs = new ArrayList<FaultSpec>();
    EngineProfile engine;
    EngineKind kind;
    @Nullable KvConfig kv = null;
    try {
      kind = EngineKind.named(metrics);
      if (connector != null) {
        kv = KvConfig.of(KvConnector.named(connector));
      } else if (prefills) {
        throw new IllegalArgumentException("--kv-prefill needs --kv-connector");
      }
      engine = EngineProfile.named(profile);
      faults.forEach(fault -> specs.add(FaultSpec.parse(fault)));
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
    if ((certificate == null) != (key == null)) {
      throw wrong("--ssl-certfile and --ssl-keyfile go together");
    }
    var names = models.isEmpty() ? List.of("tiny") : models;
    var fleet = Fleet.builder().build();
    String scheme = certificate == null ? "http://" : "https://";
    for (int i = 0; i < pods; i++) {
      var config =
          PodConfig.builder()
              .port(port == 0 ? 0 : port + i)
              .models(names.toArray(String[]::new))
              .profile(engine)
              .metrics(kind)
              .seed(seed + i);
      if (certificate != null && key != null) {
        config.tls(certificate, key);
      }
      if (kv != null) {
        config.kv(prefills ? kv.prefilling() : kv);
      }
      var pod = start(fleet, config.build());
      specs.forEach(pod.faults()::add);
      String shares = kv == null ? "" : ", KV cache on port " + pod.kvPort();
      spec.commandLine().getOut().println("pod " + i + " on " + scheme + pod.hostPort() + shares);
    }
    spec.commandLine().getOut().flush();
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      fleet.close();
                      Runtime.getRuntime().halt(0);
                    }));
    new CountDownLatch(1).await();
    return 0;
  }

  private SimulatedPod start(Fleet fleet, PodConfig config) {
    try {
      return fleet.start(config);
    } catch (IllegalArgumentException e) {
      fleet.close();
      throw wrong(e.getMessage());
    }
  }

  private CommandLine.ParameterException wrong(@Nullable String message) {
    return new CommandLine.ParameterException(
        spec.commandLine(), message == null ? "a flag has a wrong value" : message);
  }
}
