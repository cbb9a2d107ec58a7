package io.penstock.cli;

import io.penstock.picker.scrape.PodTls;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of {@code penstock picker} about how pods' metrics are read: llm-d's, and a CA. */
final class ModelServerOptions {

  @Option(
      names = "--model-server-metrics-scheme",
      paramLabel = "SCHEME",
      description = "http or https: what pods speak where metrics are read (default: http)")
  private String scheme = "http";

  @Option(
      names = "--model-server-metrics-ca-file",
      paramLabel = "FILE",
      description = "with https: authorities of the pods' certificates in PEM (default: Java's)")
  private @Nullable Path ca;

  @Option(
      names = "--model-server-metrics-server-name",
      paramLabel = "NAME",
      description = "with https: what the certificates must be for (default: the pod's address)")
  private @Nullable String serverName;

  @Option(
      names = "--model-server-metrics-https-insecure-skip-verify",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "with https: any certificate will do (default: true, as llm-d has it, unless there is a"
              + " CA file or a server name)")
  private @Nullable Boolean insecure;

  /**
   * What the flags say; empty for plain text.
   *
   * @throws IllegalArgumentException when they do not fit each other
   */
  Optional<PodTls.Settings> tls() {
    boolean checked = ca != null || serverName != null;
    if (scheme.equals("https")) {
      return Optional.of(
          new PodTls.Settings(ca, serverName, insecure == null ? !checked : insecure));
    }
    if (!scheme.equals("http")) {
      throw new IllegalArgumentException(
          "--model-server-metrics-scheme is " + scheme + ", allowed: http, https");
    }
    if (checked) {
      throw new IllegalArgumentException(
          "--model-server-metrics-ca-file and -server-name need"
              + " --model-server-metrics-scheme=https");
    }
    return Optional.empty();
  }
}
