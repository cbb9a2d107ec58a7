package io.penstock.proxy.listen;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.penstock.picker.config.WatchedFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listener's certificate and key, and the TLS settings around them: TLS 1.2 and newer, ALPN for
 * h2 and http/1.1, BoringSSL where it is there. When the files change, new connections get the new
 * pair; a pair that does not fit together, or is none, is refused and the old one stays.
 *
 * <p>{@link #current} may be called from any thread: one volatile read. The rest belongs to the
 * executor that polls.
 */
public final class TlsContext implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TlsContext.class);

  private final SslProvider provider;
  private final Consumer<Boolean> reloaded;
  private final WatchedFiles files;
  private volatile SslContext current;

  /**
   * Reads the pair.
   *
   * @param certificate certificate chain, PEM
   * @param key private key, PEM (PKCS#8), not encrypted
   * @param reloaded told of each change of the files: whether it was taken over
   * @throws IOException if the files cannot be read or are no pair
   */
  public TlsContext(Path certificate, Path key, Consumer<Boolean> reloaded) throws IOException {
    this(certificate, key, reloaded, bestProvider());
  }

  TlsContext(Path certificate, Path key, Consumer<Boolean> reloaded, SslProvider provider)
      throws IOException {
    this.provider = provider;
    this.reloaded = reloaded;
    this.files = new WatchedFiles(List.of(certificate, key), this::replace);
    try {
      this.current =
          context(List.of(Files.readAllBytes(certificate), Files.readAllBytes(key)), provider);
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("no TLS with " + certificate + " and " + key + ": " + reason(e), e);
    }
  }

  /** For the next connection. */
  public SslContext current() {
    return current;
  }

  /** Polls the files from now on, until closed. */
  public void start(ScheduledExecutorService executor, Duration interval) {
    files.start(executor, interval);
  }

  /** Looks once. */
  public void poll() {
    files.poll();
  }

  @Override
  public void close() {
    files.close();
  }

  private void replace(List<byte[]> pair) {
    boolean taken = false;
    try {
      current = context(pair, provider);
      taken = true;
      LOG.info("the TLS certificate was replaced");
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      LOG.warn("the changed TLS files are no pair, the old one stays: {}", reason(e));
    }
    reloaded.accept(taken);
  }

  private static SslContext context(List<byte[]> pair, SslProvider provider)
      throws IOException, GeneralSecurityException {
    PemPair.check(pair.get(0), pair.get(1));
    return SslContextBuilder.forServer(
            new ByteArrayInputStream(pair.get(0)), new ByteArrayInputStream(pair.get(1)))
        .sslProvider(provider)
        .protocols("TLSv1.3", "TLSv1.2")
        .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                ApplicationProtocolNames.HTTP_2,
                ApplicationProtocolNames.HTTP_1_1))
        .build();
  }

  private static SslProvider bestProvider() {
    return OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
  }

  private static String reason(Exception e) {
    var cause = e.getCause();
    return cause != null && cause.getMessage() != null ? cause.getMessage() : "" + e.getMessage();
  }
}
