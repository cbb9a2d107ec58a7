package io.penstock.cli;

import io.penstock.tools.load.Arrivals;
import io.penstock.tools.load.ChatBody;
import io.penstock.tools.load.Conversations;
import io.penstock.tools.load.LoadReport;
import io.penstock.tools.load.LoadRun;
import io.penstock.tools.load.LoadSpec;
import io.penstock.tools.load.RequestSource;
import io.penstock.tools.load.TracePrompts;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock load}: sends chats at a rate or as fast as they are answered, and measures. */
@Command(
    name = "load",
    description = {
      "Sends chats to an OpenAI-compatible server and measures how they are answered.",
      "Latency counts from when a request was to be sent, not from when it was.",
    },
    mixinStandardHelpOptions = true)
final class LoadCommand implements Callable<Integer> {

  private static final int OPEN_LOOP_CONNECTIONS = 1_000;
  private static final int CLOSED_LOOP_CONNECTIONS = 16;
  private static final double MOST_SECONDS = 31_536_000;

  @Option(names = "--url", required = true, paramLabel = "URL", description = "http://host:port")
  private URI url = URI.create("");

  @Option(
      names = "--rate",
      paramLabel = "PER_SECOND",
      description = "open loop with that many requests a second (default: closed loop)")
  private @Nullable Double rate;

  @Option(names = "--poisson", description = "arrivals of the open loop at random, not even")
  private boolean poisson;

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "at once; at most in an open loop (default: 16; open loop: 1000)")
  private @Nullable Integer connections;

  @Option(
      names = "--duration",
      paramLabel = "SECONDS",
      description = "how long requests are sent (default: 10 without --requests)")
  private @Nullable Double duration;

  @Option(names = "--requests", paramLabel = "N", description = "how many requests are measured")
  private @Nullable Long requests;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      description = "requests before the measured ones (default: 0)")
  private long warmup;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "for one request (default: ${DEFAULT-VALUE})")
  private double timeout = 60;

  @Option(names = "--model", paramLabel = "NAME", description = "model asked for (default: tiny)")
  private String model = "tiny";

  @Option(names = "--stream", description = "asks for streams, and measures TTFT and intervals")
  private boolean stream;

  @Option(
      names = "--header",
      paramLabel = "LINE",
      description = "a further header, 'name: value'; may be repeated")
  private List<String> headers = new ArrayList<>();

  @Option(
      names = "--groups",
      paramLabel = "N",
      description = "system prompts that requests share (default: ${DEFAULT-VALUE})")
  private int groups = 8;

  @Option(
      names = "--shared",
      paramLabel = "SHARE",
      description = "share of the requests that use one of them, 0 to 1 (default: 0.8)")
  private double shared = 0.8;

  @Option(
      names = "--prefix-tokens",
      paramLabel = "N",
      description = "of a system prompt, four bytes each (default: ${DEFAULT-VALUE})")
  private int prefixTokens = 1_024;

  @Option(
      names = "--question-tokens",
      paramLabel = "N",
      description = "of a question, four bytes each (default: ${DEFAULT-VALUE})")
  private int questionTokens = 256;

  @Option(
      names = "--body-bytes",
      paramLabel = "N",
      description =
          "length of every body, four fifths of its prompt being the system prompt;"
              + " instead of --prefix-tokens and --question-tokens")
  private @Nullable Integer bodyBytes;

  @Option(
      names = "--output-tokens",
      paramLabel = "N",
      description = "asked for (default: ${DEFAULT-VALUE})")
  private int outputTokens = 64;

  @Option(
      names = "--trace",
      paramLabel = "TRACE",
      description =
          "prompts of a trace, and without --rate its times: conversation, synthetic or a file")
  private @Nullable String trace;

  @Option(
      names = "--speed",
      paramLabel = "TIMES",
      description = "how many times faster than recorded (default: 1)")
  private double speed = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "of texts and arrivals; equal seeds send equal prompts (default: the time)")
  private @Nullable Long seed;

  @Option(names = "--json", description = "prints one JSON object instead of the table")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    long seeded = seed != null ? seed : System.currentTimeMillis();
    LoadReport report;
    try {
      var recorded = trace();
      var load = load(recorded, seeded);
      report = run(LoadRun.start(load, source(recorded, seeded)));
    } catch (IllegalArgumentException e) {
      throw wrong(e.getMessage());
    }
    var out = spec.commandLine().getOut();
    if (json) {
      out.println(report.json());
    } else {
      out.println("seed " + seeded);
      out.print(report.table());
    }
    out.flush();
    return report.answered() > 0 && report.failed() == 0 ? 0 : 1;
  }

  private LoadSpec load(@Nullable Trace recorded, long seeded) {
    var arrivals = arrivals(recorded, seeded);
    boolean closed = arrivals instanceof Arrivals.Saturation;
    int standard = closed ? CLOSED_LOOP_CONNECTIONS : OPEN_LOOP_CONNECTIONS;
    var load =
        LoadSpec.to(url)
            .arrivals(arrivals)
            .connections(connections != null ? connections : standard)
            .warmupRequests(warmup)
            .timeout(seconds("--timeout", timeout));
    if (requests != null) {
      load.requests(requests);
    }
    if (duration != null) {
      load.duration(seconds("--duration", duration));
    } else if (requests == null && !(arrivals instanceof Arrivals.Recorded)) {
      load.duration(Duration.ofSeconds(10));
    }
    headers.forEach(load::header);
    return load.build();
  }

  private Arrivals arrivals(@Nullable Trace recorded, long seeded) {
    if (rate != null) {
      return poisson ? new Arrivals.Poisson(rate, seeded) : new Arrivals.Constant(rate);
    }
    if (poisson) {
      throw wrong("--poisson needs --rate");
    }
    return recorded == null ? new Arrivals.Saturation() : new Arrivals.Recorded(recorded);
  }

  private @Nullable Trace trace() throws IOException {
    if (trace == null) {
      return null;
    }
    if (!(speed >= 0.01 && speed <= 1_000)) {
      throw wrong("--speed is " + speed + ", allowed: 0.01 to 1000");
    }
    if (TraceReader.BUILT_IN.contains(trace)) {
      return TraceReader.builtIn(trace).faster(speed);
    }
    if (!Files.isReadable(Path.of(trace))) {
      throw wrong(
          "trace '%s' is neither a readable file nor one of %s"
              .formatted(trace, String.join(", ", TraceReader.BUILT_IN)));
    }
    return TraceReader.file(Path.of(trace)).faster(speed);
  }

  private RequestSource source(@Nullable Trace recorded, long seeded) {
    var chat = new ChatBody(model, stream);
    if (recorded != null) {
      return new TracePrompts(chat, recorded, seeded);
    }
    return new Conversations(
        chat,
        bodyBytes == null
            ? new Conversations.Shape(
                groups, 4 * prefixTokens, 4 * questionTokens, outputTokens, shared, seeded)
            : Conversations.Shape.ofBody(
                chat, bodyBytes, groups, 0.8, outputTokens, shared, seeded));
  }

  /** Waits for the end; on a terminal, tells how far it is once a second. */
  private LoadReport run(LoadRun run) throws InterruptedException {
    if (!Terminal.attached()) {
      return run.await();
    }
    var terminal = System.err;
    try (ScheduledExecutorService each =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("penstock-progress").factory())) {
      each.scheduleAtFixedRate(
          () -> {
            var now = run.progress();
            terminal.printf(
                "\r%d answered, %d failed, %d connections\033[K",
                now.answered(), now.failed(), now.connections());
            terminal.flush();
          },
          1,
          1,
          TimeUnit.SECONDS);
      var report = run.await();
      each.shutdownNow();
      terminal.print("\r\033[K");
      terminal.flush();
      return report;
    }
  }

  private Duration seconds(String flag, double value) {
    if (!(value >= 0.001 && value <= MOST_SECONDS)) {
      throw wrong(flag + " is " + value + ", allowed: 0.001 to 31536000 seconds");
    }
    return Duration.ofNanos(Math.round(value * 1e9));
  }

  private CommandLine.ParameterException wrong(@Nullable String message) {
    return new CommandLine.ParameterException(
        spec.commandLine(), message == null ? "a flag has a wrong value" : message);
  }
}
