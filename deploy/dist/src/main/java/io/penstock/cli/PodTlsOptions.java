package io.penstock.cli;

import io.penstock.picker.scrape.PodTls;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags of {@code penstock serve} about TLS to the pods of {@code --endpoints} or a pool. */
final class PodTlsOptions {

  @Option(
      names = "--pods-tls",
      description = "TLS to the pods of --endpoints or --pool; the three below imply it")
  private boolean tls;

  @Option(
      names = "--pods-ca",
      paramLabel = "FILE",
      description = "authorities of the pods' certificates in PEM (default: Java's)")
  private @Nullable Path ca;

  @Option(
      names = "--pods-server-name",
      paramLabel = "NAME",
      description = "what the pods' certificates must be for (default: the pod's address)")
  private @Nullable String serverName;

  @Option(names = "--pods-insecure", description = "any certificate of a pod will do")
  private boolean insecure;

  /**
   * What the flags say; null for plain text.
   *
   * @throws IllegalArgumentException when they do not fit each other
   */
  PodTls.@Nullable Settings settings() {
    return tls || ca != null || serverName != null || insecure
        ? new PodTls.Settings(ca, serverName, insecure)
        : null;
  }
}
