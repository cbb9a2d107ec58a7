package io.penstock.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Flags of llm-d's picker that mean nothing here: accepted, so that its manifests work as they are,
 * with a warning that says why.
 */
final class IgnoredFlags {

  private static final Logger LOG = LoggerFactory.getLogger(IgnoredFlags.class);

  private static final Map<String, String> ALL = all();

  private IgnoredFlags() {}

  /** Makes a command accept them. */
  static void addTo(CommandSpec command) {
    for (var flag : ALL.keySet()) {
      command.addOption(
          OptionSpec.builder(flag)
              .arity("0..1")
              .type(String.class)
              .fallbackValue("")
              .hidden(true)
              .build());
    }
  }

  /** Says of each that was given why it does nothing. */
  static void warn(ParseResult given) {
    ALL.forEach(
        (flag, reason) -> {
          if (given.hasMatchedOption(flag)) {
            LOG.warn("{} means nothing here: {}", flag, reason);
          }
        });
  }

  private static Map<String, String> all() {
    Map<String, String> flags = new LinkedHashMap<>();
    var logs = "the log is configured in conf/logback.xml";
    for (var flag :
        List.of(
            "--v",
            "-v",
            "--zap-encoder",
            "--zap-log-level",
            "--zap-devel",
            "--zap-stacktrace-level",
            "--zap-time-encoding")) {
      flags.put(flag, logs);
    }
    flags.put("--tracing", "there is no tracing yet");
    flags.put("--enable-pprof", "a JVM is profiled from outside, by jcmd");
    flags.put("--health-checking", "the health service is on the ext-proc port too, always");
    flags.put("--enable-grpc-stream-metrics", "metrics of streams are always there");
    flags.put("--refresh-prometheus-metrics-interval", "metrics of pools are computed when asked");
    flags.put("--metrics-staleness-threshold", "signals are fresh for 1 s or three intervals");
    flags.put("--metrics-endpoint-auth", "the metrics page asks for nothing");
    flags.put("--grpc-max-recv-msg-size", "--max-request-body bounds what is received");
    flags.put("--tls-min-version", "TLS 1.2 and 1.3 are served");
    flags.put("--tls-cipher-suites", "the TLS library's choice is served");
    flags.put("--grpc-max-send-msg-size", "no reply is longer than the body it hands back");
    return flags;
  }
}
