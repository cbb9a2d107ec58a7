package io.penstock.picker.extproc.tls;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.CurrentIdentity;
import io.penstock.picker.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS context of the ext-proc address: TLS 1.2 and newer, ALPN for h2. Where files are to be
 * reloaded, a changed pair is for the connections that come; one that is no pair is refused and the
 * old one stays.
 *
 * <p>The context may be used from anywhere; {@link #poll} belongs to one thread.
 */
public final class ServerTls {

  private static final Logger LOG = LoggerFactory.getLogger(ServerTls.class);

  private final SslContext context;
  private final CurrentIdentity identity;
  private final TlsChoice.@Nullable Files watched;
  private byte[] certificate;
  private byte[] key;

  /** Why the files could not be read when they were looked at last; empty where they could. */
  private String unreadable = "";

  private ServerTls(
      SslContext context,
      CurrentIdentity identity,
      TlsChoice.@Nullable Files watched,
      byte[] certificate,
      byte[] key) {
    this.context = context;
    this.identity = identity;
    this.watched = watched;
    this.certificate = certificate;
    this.key = key;
  }

  /**
   * What was chosen; null for plain text.
   *
   * @throws IOException when a file cannot be read or is not what it should be
   */
  public static @Nullable ServerTls of(TlsChoice choice, InstantSource clock) throws IOException {
    try {
      return switch (choice) {
        case TlsChoice.Plaintext _ -> null;
        case TlsChoice.SelfSigned(var names, var clientCa) -> {
          var identity = new CurrentIdentity(Certificates.selfSigned(names, clock.instant()));
          yield new ServerTls(
              context(identity, clientCa), identity, null, new byte[0], new byte[0]);
        }
        case TlsChoice.Files files -> {
          byte[] certificate = Files.readAllBytes(files.certificate());
          byte[] key = Files.readAllBytes(files.key());
          var identity = new CurrentIdentity(PemFiles.identity(certificate, key));
          yield new ServerTls(
              context(identity, files.clientCa()),
              identity,
              files.reload() ? files : null,
              certificate,
              key);
        }
      };
    } catch (GeneralSecurityException e) {
      throw new IOException("no TLS as configured: " + e.getMessage(), e);
    }
  }

  private static SslContext context(CurrentIdentity identity, @Nullable Path clientCa)
      throws IOException, GeneralSecurityException {
    var builder =
        SslContextBuilder.forServer(identity)
            .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    ApplicationProtocolNames.HTTP_2));
    if (clientCa != null) {
      var authorities = PemFiles.certificates(Files.readAllBytes(clientCa));
      builder
          .trustManager(authorities.toArray(X509Certificate[]::new))
          .clientAuth(ClientAuth.REQUIRE);
    }
    return builder.build();
  }

  /** For the server. */
  public SslContext context() {
    return context;
  }

  /** Looks at the files from now on, where they are to be reloaded. */
  public void watch(ScheduledExecutorService executor, long everyMillis) {
    if (watched != null) {
      var _ =
          executor.scheduleWithFixedDelay(
              this::poll, everyMillis, everyMillis, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Looks once; a change that is no pair is looked at again when the files change again. That they
   * cannot be read is logged once, until they can or for another reason cannot.
   */
  public void poll() {
    var files = watched;
    if (files == null) {
      return;
    }
    byte[] newCertificate;
    byte[] newKey;
    try {
      newCertificate = Files.readAllBytes(files.certificate());
      newKey = Files.readAllBytes(files.key());
      unreadable = "";
    } catch (IOException e) {
      if (!e.toString().equals(unreadable)) {
        unreadable = e.toString();
        LOG.warn("the TLS files cannot be read, the old ones stay: {}", unreadable);
      }
      return;
    }
    try {
      if (Arrays.equals(newCertificate, certificate) && Arrays.equals(newKey, key)) {
        return;
      }
      certificate = newCertificate;
      key = newKey;
      identity.replace(PemFiles.identity(newCertificate, newKey));
      LOG.info("the TLS certificate was replaced");
    } catch (GeneralSecurityException | RuntimeException e) {
      LOG.warn("the changed TLS files are no pair, the old one stays: {}", e.getMessage());
    }
  }
}
