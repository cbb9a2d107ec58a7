package io.penstock.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A way to the API server that relays what a client sends and receives, until a certain write in
 * the namespace: there it breaks, for good. Speaks plain HTTP/1.1 to the client; a request begins
 * where a read does, as no client sends one before it has the answer to the last. Thread-safe; two
 * virtual threads a connection.
 */
final class CutLine implements AutoCloseable {

  /** Whether the write at which the line breaks is carried out; its answer never comes. */
  enum Moment {
    BEFORE_THE_WRITE,
    AFTER_THE_WRITE
  }

  private static final Pattern WRITE =
      Pattern.compile("(PATCH|POST|PUT|DELETE) \\S*/namespaces/" + KubeCluster.NAMESPACE + "/");
  private static final Pattern SERVER = Pattern.compile("https://127\\.0\\.0\\.1:(\\d+)");
  private static final Pattern AUTHORITY =
      Pattern.compile("certificate-authority-data: ([A-Za-z0-9+/=]+)");
  private static final int BUFFER_BYTES = 64 << 10;

  private final ServerSocket listener;
  private final SSLContext trust;
  private final int serverPort;
  private final int cutAt;
  private final Moment moment;
  private final AtomicInteger writes = new AtomicInteger();
  private final CountDownLatch cut = new CountDownLatch(1);
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Path kubeconfig;

  /**
   * Begins to relay.
   *
   * @param original kubeconfig of the client
   * @param cutAt the write at which it breaks, from 0
   */
  CutLine(Path original, int cutAt, Moment moment) throws Exception {
    var text = Files.readString(original);
    this.trust = trust(Base64.getDecoder().decode(find(AUTHORITY, text)));
    this.serverPort = Integer.parseInt(find(SERVER, text));
    this.cutAt = cutAt;
    this.moment = moment;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.kubeconfig =
        Files.writeString(
            Files.createTempFile(original.getParent(), "cut", ".kubeconfig"),
            SERVER.matcher(text).replaceAll("http://127.0.0.1:" + listener.getLocalPort()));
    Thread.ofVirtual().start(this::accept);
  }

  private static String find(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IllegalArgumentException("a kubeconfig without " + pattern);
    }
    return matcher.group(1);
  }

  private static SSLContext trust(byte[] authority) throws Exception {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry(
        "kit",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(authority)));
    var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  /** What the client is started with. */
  Path kubeconfig() {
    return kubeconfig;
  }

  /** Waits until the line has broken; false when it has not within a minute. */
  boolean awaitCut() throws InterruptedException {
    return cut.await(1, TimeUnit.MINUTES);
  }

  private void accept() {
    try {
      while (true) {
        var client = listener.accept();
        sockets.add(client);
        Thread.ofVirtual().start(() -> connect(client));
      }
    } catch (IOException _) {
      // The line is cut or closed.
    }
  }

  private void connect(Socket client) {
    try (client;
        var server = trust.getSocketFactory().createSocket("127.0.0.1", serverPort)) {
      sockets.add(server);
      var back = new Answers(client, server);
      Thread.ofVirtual().start(back);
      var buffer = new byte[BUFFER_BYTES];
      for (int read = client.getInputStream().read(buffer);
          read >= 0;
          read = client.getInputStream().read(buffer)) {
        boolean last = isWrite(buffer, read) && writes.getAndIncrement() == cutAt;
        if (last && moment == Moment.BEFORE_THE_WRITE) {
          cut();
          return;
        }
        if (last) {
          back.last = true;
        }
        server.getOutputStream().write(buffer, 0, read);
        server.getOutputStream().flush();
      }
    } catch (IOException _) {
      // One of the two has gone, and takes the other with it.
    }
  }

  private static boolean isWrite(byte[] buffer, int length) {
    var head = new String(buffer, 0, Math.min(length, 300), StandardCharsets.ISO_8859_1);
    return WRITE.matcher(head).lookingAt();
  }

  private void cut() throws IOException {
    listener.close();
    for (var socket : sockets) {
      socket.close();
    }
    cut.countDown();
  }

  /** What the API server sends. */
  private final class Answers implements Runnable {

    private final Socket client;
    private final Socket server;

    /** Whether the next answer is the one that never comes. */
    private volatile boolean last;

    Answers(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    @Override
    public void run() {
      try (client;
          server) {
        var buffer = new byte[BUFFER_BYTES];
        for (int read = server.getInputStream().read(buffer);
            read >= 0;
            read = server.getInputStream().read(buffer)) {
          if (last) {
            cut();
            return;
          }
          client.getOutputStream().write(buffer, 0, read);
          client.getOutputStream().flush();
        }
      } catch (IOException _) {
        // One of the two has gone, and takes the other with it.
      }
    }
  }

  @Override
  public void close() throws IOException {
    cut();
  }
}
