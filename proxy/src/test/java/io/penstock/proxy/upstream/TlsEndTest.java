package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.upstream.UpstreamFailure.Kind;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bodies over TLS whose end is that of the connection: it counts where the pod says so. */
class TlsEndTest {

  private final SharedReadBuffer reads = new SharedReadBuffer();
  private final Answer answer = new Answer();
  private MultiThreadIoEventLoopGroup loops;
  private EventLoop loop;
  private UpstreamPool pool;
  private RawPod pod;
  private RawPod.Link plain;
  private SSLSocket secured;

  @BeforeEach
  void half_of_a_body_is_here() throws Exception {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    loop = (EventLoop) loops.next();
    pool = new UpstreamPool(loop, NioSocketChannel.class, reads, 10_000, System::nanoTime);
    pod = new RawPod();
    var tls = new PodTls(new PodTls.Settings(null, null, true), taken -> {});
    var _ =
        loop.submit(
            () ->
                pool.send(
                    pod.endpoint(),
                    tls,
                    Unpooled.copiedBuffer("GET / HTTP/1.1\r\n\r\n", StandardCharsets.US_ASCII),
                    Unpooled.EMPTY_BUFFER,
                    false,
                    answer));
    plain = pod.accept();
    secured = (SSLSocket) context().getSocketFactory().createSocket(plain.socket(), null, 0, false);
    secured.setUseClientMode(false);
    var link = new RawPod.Link(secured);
    link.readHead();
    link.write("HTTP/1.1 200 OK\r\n\r\nhello");
    answer.begun.get(10, TimeUnit.SECONDS);
  }

  private static SSLContext context() throws Exception {
    var pair =
        new CertificateBuilder()
            .subject("CN=pod")
            .setIsCertificateAuthority(true)
            .algorithm(CertificateBuilder.Algorithm.ecp256)
            .buildSelfSigned();
    var context = SSLContext.getInstance("TLS");
    context.init(pair.toKeyManagerFactory().getKeyManagers(), null, null);
    return context;
  }

  @AfterEach
  void stop() throws Exception {
    plain.close();
    pod.close();
    loop.submit(pool::close).syncUninterruptibly();
    loop.submit(reads::close).syncUninterruptibly();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void a_body_ends_with_a_close_of_tls() throws Exception {
    secured.shutdownOutput();
    plain.socket().shutdownOutput();
    assertThat(answer.end.get(10, TimeUnit.SECONDS)).isEqualTo("hello");
  }

  @Test
  void a_body_is_truncated_where_the_connection_ends_without_one() throws Exception {
    plain.socket().shutdownOutput();
    assertThat(answer.end.get(10, TimeUnit.SECONDS)).isEqualTo(Kind.TRUNCATED);
  }

  /** What came of the call: the body, or what went wrong. */
  private static final class Answer implements ResponseHandler {
    final CompletableFuture<Void> begun = new CompletableFuture<>();
    final CompletableFuture<Object> end = new CompletableFuture<>();
    private final StringBuilder body = new StringBuilder();

    @Override
    public void interim(ResponseHead head) {}

    @Override
    public void head(ResponseHead head) {}

    @Override
    public void body(ByteBuf raw, BodyFraming framing) {
      body.append(raw.toString(StandardCharsets.US_ASCII));
      raw.release();
      begun.complete(null);
    }

    @Override
    public void readComplete() {}

    @Override
    public void complete() {
      end.complete(body.toString());
    }

    @Override
    public void failed(UpstreamFailure failure) {
      end.complete(failure.kind());
    }
  }
}
