package io.penstock.picker.scrape;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS towards the pods of one pool: TLS 1.2 and newer, sessions resumed by address. A pod's
 * certificate must come from the authorities of a file, which is read again when it changes, and be
 * for the name or the address that is asked; what does not fit ends the handshake.
 *
 * <p>{@link #handler} may be called from any thread: one volatile read. The rest belongs to the
 * executor that polls.
 */
public final class PodTls {

  private static final Logger log = LoggerFactory.getLogger(PodTls.class);

  /**
   * What is asked of a pod's certificate.
   *
   * @param ca authorities in PEM; null: those of the Java runtime
   * @param serverName name that is asked for and must be in the certificate; null: the address that
   *     is connected to
   * @param insecure any certificate will do; the other two have no place beside it
   */
  public record Settings(@Nullable Path ca, @Nullable String serverName, boolean insecure) {

    /** Checks that they fit each other. */
    public Settings {
      if (insecure && ca != null) {
        throw new IllegalArgumentException("authorities have no use where any certificate will do");
      }
    }
  }

  private final Settings settings;
  private final SslProvider provider;
  private final Consumer<Boolean> reloaded;
  private byte[] authorities;
  private volatile SslContext context;

  /**
   * Reads the authorities.
   *
   * @param reloaded told of each change of the file: whether it was taken over
   * @throws IOException when the file cannot be read or has no certificate; the message names it
   */
  public PodTls(Settings settings, Consumer<Boolean> reloaded) throws IOException {
    this(settings, reloaded, OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK);
  }

  PodTls(Settings settings, Consumer<Boolean> reloaded, SslProvider provider) throws IOException {
    this.settings = settings;
    this.provider = provider;
    this.reloaded = reloaded;
    try {
      this.authorities = read();
      this.context = context(authorities);
    } catch (IOException | GeneralSecurityException e) {
      throw new IOException("no TLS to pods with " + settings.ca() + ": " + e.getMessage(), e);
    }
  }

  private byte[] read() throws IOException {
    var file = settings.ca();
    return file == null ? new byte[0] : Files.readAllBytes(file);
  }

  private SslContext context(byte[] pem) throws IOException, GeneralSecurityException {
    var builder =
        SslContextBuilder.forClient().sslProvider(provider).protocols("TLSv1.3", "TLSv1.2");
    if (settings.insecure()) {
      builder
          .trustManager(InsecureTrustManagerFactory.INSTANCE)
          .endpointIdentificationAlgorithm(null);
    } else {
      builder.endpointIdentificationAlgorithm("HTTPS");
    }
    if (settings.ca() != null) {
      builder.trustManager(certificates(pem));
    }
    return builder.build();
  }

  private static X509Certificate[] certificates(byte[] pem) throws GeneralSecurityException {
    var found =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem))
            .toArray(X509Certificate[]::new);
    if (found.length == 0) {
      throw new GeneralSecurityException("there is no certificate in PEM");
    }
    return found;
  }

  /** The first handler of a new connection's pipeline. */
  public SslHandler handler(ByteBufAllocator allocator, String host, int port, Duration handshake) {
    var name = settings.serverName();
    var handler = context.newHandler(allocator, name == null ? host : name, port);
    handler.setHandshakeTimeoutMillis(handshake.toMillis());
    return handler;
  }

  /** Why a handshake failed: what the certificate lacks, rather than that there was a problem. */
  public static String reason(Throwable failure) {
    var cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** Polls the file from now on. */
  public void start(ScheduledExecutorService executor, Duration interval) {
    if (settings.ca() != null) {
      var _ =
          executor.scheduleWithFixedDelay(
              this::poll, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Looks once; a file that cannot be read may be about to be replaced. */
  public void poll() {
    byte[] now;
    try {
      now = read();
    } catch (IOException e) {
      log.debug("the authorities of pods cannot be read now", e);
      return;
    }
    if (Arrays.equals(now, authorities)) {
      return;
    }
    authorities = now;
    boolean taken = false;
    try {
      context = context(now);
      taken = true;
      log.info("the authorities of pods were replaced: {}", settings.ca());
    } catch (IOException | GeneralSecurityException e) {
      log.warn(
          "{} has no authorities any more, the old ones stay: {}", settings.ca(), e.getMessage());
    }
    reloaded.accept(taken);
  }
}
