package io.penstock.cli;

import io.penstock.picker.extproc.tls.TlsChoice;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The flags of where {@code penstock picker} listens and what it speaks there. What does not fit is
 * an {@link IllegalArgumentException} with the flag, its value and what is allowed.
 */
final class ServingOptions {

  private static final Pattern NAME = Pattern.compile("[0-9A-Za-z.:-]{1,253}");

  @Option(
      names = "--bind-address",
      paramLabel = "IP",
      description = "address to listen on (default: all)")
  private @Nullable String bindAddress;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description = "ext-proc; 0: a free one (default: ${DEFAULT-VALUE})")
  private int grpcPort = 9002;

  @Option(
      names = "--grpc-health-port",
      paramLabel = "PORT",
      description = "gRPC health (default: ${DEFAULT-VALUE})")
  private int healthPort = 9003;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description = "GET /metrics (default: ${DEFAULT-VALUE})")
  private int metricsPort = 9090;

  @Option(
      names = "--secure-serving",
      arity = "0..1",
      fallbackValue = "true",
      description = "TLS on the ext-proc port (default: true)")
  private boolean secureServing = true;

  @Option(
      names = "--cert-path",
      paramLabel = "FOLDER",
      description = "where tls.crt and tls.key are; default: a certificate made at start")
  private @Nullable Path certPath;

  @Option(
      names = "--enable-cert-reload",
      arity = "0..1",
      fallbackValue = "true",
      description = "takes over tls.crt and tls.key when they change")
  private boolean certReload;

  @Option(
      names = "--client-ca-file",
      paramLabel = "FILE",
      description = "authorities, one of which a gateway's own certificate must come from")
  private @Nullable Path clientCa;

  InetSocketAddress grpc() {
    return address(grpcPort, "--grpc-port");
  }

  InetSocketAddress health() {
    return address(healthPort, "--grpc-health-port");
  }

  InetSocketAddress metrics() {
    return address(metricsPort, "--metrics-port");
  }

  private InetSocketAddress address(int port, String flag) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(flag + " is " + port + ", allowed: 0 to 65535");
    }
    if (bindAddress == null) {
      return new InetSocketAddress(port);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(bindAddress), port);
    } catch (IllegalArgumentException notAnAddress) {
      throw new IllegalArgumentException(
          "--bind-address is " + bindAddress + ", allowed: an IP address");
    }
  }

  /** What is spoken on the ext-proc port. */
  TlsChoice tls() {
    if (!secureServing) {
      if (certPath != null || clientCa != null) {
        throw new IllegalArgumentException(
            "--secure-serving=false leaves --cert-path and --client-ca-file no meaning");
      }
      return new TlsChoice.Plaintext();
    }
    if (certPath == null) {
      return new TlsChoice.SelfSigned(ownNames(), clientCa);
    }
    return new TlsChoice.Files(
        certPath.resolve("tls.crt"), certPath.resolve("tls.key"), certReload, clientCa);
  }

  /** What a gateway may call this process: loopback, its host, its pod's address. */
  private List<String> ownNames() {
    Set<String> names = new LinkedHashSet<>(List.of("localhost", "127.0.0.1", "::1"));
    for (var name :
        Arrays.asList(System.getenv("HOSTNAME"), System.getenv("POD_IP"), bindAddress)) {
      if (name != null && NAME.matcher(name).matches()) {
        names.add(name);
      }
    }
    return List.copyOf(names);
  }
}
