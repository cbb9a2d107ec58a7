package io.penstock.picker.scrape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Metrics pages of simulated pods that serve TLS. */
class PodTlsTest {

  private static final MultiThreadIoEventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private static final ScrapeConfig CONFIG = ScrapeConfig.every(Duration.ofMillis(100));

  @TempDir private Path folder;
  private final Fleet fleet = Fleet.builder().build();
  private final List<PageFetcher> fetchers = new ArrayList<>();
  private final List<Boolean> reloads = new ArrayList<>();

  @AfterEach
  void close() {
    fetchers.forEach(each -> LOOPS.next().submit(each::close).syncUninterruptibly());
    fleet.close();
  }

  @AfterAll
  static void stopLoops() {
    LOOPS.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Path certificate(String name) throws Exception {
    var pair =
        new CertificateBuilder()
            .subject("CN=" + name)
            .addSanIpAddress("127.0.0.1")
            .setIsCertificateAuthority(true)
            .algorithm(CertificateBuilder.Algorithm.ecp256)
            .buildSelfSigned();
    Files.writeString(folder.resolve(name + ".key"), pair.getPrivateKeyPEM());
    return Files.writeString(folder.resolve(name + ".crt"), pair.getCertificatePathPEM());
  }

  private SimulatedPod pod(String name) throws Exception {
    return fleet.start(
        PodConfig.builder().tls(certificate(name), folder.resolve(name + ".key")).build());
  }

  private PodTls tls(Path authorities) throws IOException {
    return new PodTls(new PodTls.Settings(authorities, null, false), reloads::add);
  }

  private PageFetcher fetcher(SimulatedPod pod, PodTls tls) {
    var fetcher =
        new PageFetcher(
            LOOPS.next(),
            NioSocketChannel::new,
            tls,
            "127.0.0.1",
            pod.port(),
            pod.hostPort(),
            CONFIG,
            new ScrapeStats());
    fetchers.add(fetcher);
    return fetcher;
  }

  /** The page, or why there is none. */
  private static String fetch(PageFetcher fetcher) {
    var page = new CompletableFuture<String>();
    LOOPS
        .next()
        .execute(
            () ->
                fetcher.fetch(
                    "/metrics",
                    1 << 20,
                    new PageSource.Sink() {
                      private final ByteArrayOutputStream body = new ByteArrayOutputStream();

                      @Override
                      public void piece(byte[] bytes, int from, int to) {
                        body.write(bytes, from, to - from);
                      }

                      @Override
                      public void done(@Nullable ScrapeFailure failure) {
                        page.complete(
                            failure == null
                                ? body.toString(StandardCharsets.US_ASCII)
                                : failure.name());
                      }
                    }));
    return page.orTimeout(20, TimeUnit.SECONDS).join();
  }

  @Test
  void a_page_is_read_over_tls_again_and_again() throws Exception {
    var pod = pod("a");
    var fetcher = fetcher(pod, tls(folder.resolve("a.crt")));
    assertThat(fetch(fetcher)).contains("vllm:num_requests_running");
    assertThat(fetch(fetcher)).contains("vllm:num_requests_running");
    assertThat(pod.stats().acceptedConnections()).isEqualTo(1);
  }

  @Test
  void a_certificate_that_is_not_trusted_and_a_pod_without_tls_have_a_failure_of_their_own()
      throws Exception {
    var tls = tls(certificate("other"));
    assertThat(fetch(fetcher(pod("a"), tls))).isEqualTo("TLS");
    assertThat(fetch(fetcher(fleet.start(PodConfig.builder().build()), tls))).isEqualTo("TLS");
  }

  @Test
  void authorities_that_change_are_taken_over_and_what_is_none_is_not() throws Exception {
    Path authorities = Files.copy(certificate("other"), folder.resolve("authorities.pem"));
    var tls = tls(authorities);
    var pod = pod("a");
    assertThat(fetch(fetcher(pod, tls))).isEqualTo("TLS");

    Files.writeString(authorities, Files.readString(folder.resolve("a.crt")));
    tls.poll();
    assertThat(fetch(fetcher(pod, tls))).contains("vllm:");

    Files.writeString(authorities, "nothing");
    tls.poll();
    tls.poll();
    assertThat(fetch(fetcher(pod, tls))).contains("vllm:");
    assertThat(reloads).containsExactly(true, false);
  }

  @Test
  void the_next_connection_resumes_the_session() throws Exception {
    var pod = pod("a");
    var settings = new PodTls.Settings(folder.resolve("a.crt"), null, false);
    var tls = new PodTls(settings, reloads::add, SslProvider.JDK);
    long first = sessionBegan(tls, pod);
    assertThat(sessionBegan(tls, pod)).isEqualTo(first);
  }

  /** When the session of a connection began; one that is resumed began with an earlier one. */
  private static long sessionBegan(PodTls tls, SimulatedPod pod) throws Exception {
    var answered = new CompletableFuture<Void>();
    var began = new CompletableFuture<Long>();
    var connected =
        new Bootstrap()
            .group(LOOPS)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    var handler =
                        tls.handler(
                            channel.alloc(), "127.0.0.1", pod.port(), Duration.ofSeconds(10));
                    handler
                        .handshakeFuture()
                        .addListener(
                            done ->
                                began.complete(handler.engine().getSession().getCreationTime()));
                    channel
                        .pipeline()
                        .addLast(
                            handler,
                            new SimpleChannelInboundHandler<ByteBuf>() {
                              @Override
                              protected void channelRead0(ChannelHandlerContext ctx, ByteBuf read) {
                                answered.complete(null);
                              }
                            });
                  }
                })
            .connect("127.0.0.1", pod.port())
            .sync()
            .channel();
    var request = "GET /health HTTP/1.1\r\nhost: test\r\n\r\n";
    connected.writeAndFlush(
        connected.alloc().buffer().writeBytes(request.getBytes(StandardCharsets.US_ASCII)));
    // The ticket comes before the answer.
    answered.orTimeout(20, TimeUnit.SECONDS).join();
    connected.close().sync();
    return began.join();
  }

  @Test
  void a_file_without_authorities_is_refused_by_name() throws Exception {
    Path empty = Files.writeString(folder.resolve("empty.pem"), "");
    assertThatThrownBy(() -> tls(empty))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(empty.toString());
    assertThatThrownBy(() -> new PodTls.Settings(empty, null, true))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
