package io.penstock.tools.conform;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The gateway that a picker serves: one connection to its ext_proc port, one to its health port,
 * one to the picker of an empty pool where there is one. For one thread.
 */
final class Gateway implements AutoCloseable {

  /** So many picks show what endpoints there are, where nobody lists them. */
  private static final int LEARNING_PICKS = 64;

  private static final int MOST_MESSAGE_BYTES = 64 << 20;

  private final ConformOptions options;
  private final ManagedChannel picker;
  private final ManagedChannel health;
  private final @Nullable ManagedChannel empty;
  private @Nullable List<Destination> endpoints;

  /**
   * Connects when the first stream is opened.
   *
   * @throws IOException if the CA file cannot be read
   */
  Gateway(ConformOptions options) throws IOException {
    this.options = options;
    this.picker = channel(options.target(), options.plaintext());
    this.health = channel(options.health(), options.healthPlaintext());
    var emptyTarget = options.emptyTarget();
    this.empty = emptyTarget.isPresent() ? channel(emptyTarget.get(), options.plaintext()) : null;
  }

  private ManagedChannel channel(ConformOptions.Address address, boolean plaintext)
      throws IOException {
    var builder =
        NettyChannelBuilder.forAddress(address.host(), address.port())
            .maxInboundMessageSize(MOST_MESSAGE_BYTES);
    if (plaintext) {
      builder.usePlaintext();
    } else {
      builder.sslContext(tls());
    }
    return builder.build();
  }

  private SslContext tls() throws SSLException {
    var tls = GrpcSslContexts.forClient();
    if (options.caFile().isPresent()) {
      tls.trustManager(options.caFile().get().toFile());
    } else {
      tls.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm(null);
    }
    return tls.build();
  }

  /** Another gateway with connections of its own. */
  Gateway reconnected() {
    try {
      return new Gateway(options);
    } catch (IOException e) {
      throw new UncheckedIOException("the CA file was readable before", e);
    }
  }

  ConformOptions options() {
    return options;
  }

  ManagedChannel health() {
    return health;
  }

  /** A chat that the picker routes. */
  GatewayRequest chat() {
    return GatewayRequest.chat(options.model());
  }

  /** An exchange of which nothing is sent yet. */
  Exchange open(GatewayRequest request) {
    return new Exchange(new PickerStream(picker), request, options.timeout());
  }

  /** Sends a request and returns what was answered until it could be forwarded. */
  Transcript ask(GatewayRequest request) throws InterruptedException {
    try (var exchange = open(request)) {
      return exchange.sendRequest().seen();
    }
  }

  /** Sends a request to the picker of the empty pool; null if there is none. */
  @Nullable Transcript askEmpty(GatewayRequest request) throws InterruptedException {
    if (empty == null) {
      return null;
    }
    try (var exchange = new Exchange(new PickerStream(empty), request, options.timeout())) {
      return exchange.sendRequest().seen();
    }
  }

  /** The endpoints there are, by the options, else by what the picker chooses. */
  List<Destination> endpoints() throws InterruptedException {
    if (endpoints == null) {
      endpoints = options.endpoints().isEmpty() ? learn() : options.endpoints();
    }
    return endpoints;
  }

  private List<Destination> learn() throws InterruptedException {
    Set<Destination> seen = new LinkedHashSet<>();
    for (int i = 0; i < LEARNING_PICKS; i++) {
      var endpoint = ask(chat()).destination();
      if (endpoint.isEmpty()) {
        break;
      }
      seen.add(endpoint.get());
    }
    return List.copyOf(seen);
  }

  @Override
  public void close() {
    picker.shutdownNow();
    health.shutdownNow();
    if (empty != null) {
      empty.shutdownNow();
    }
  }
}
