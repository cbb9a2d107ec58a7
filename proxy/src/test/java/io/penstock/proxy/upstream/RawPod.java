package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A pod as bytes: the test accepts its connections, reads and writes. */
final class RawPod implements AutoCloseable {

  private static final int WAIT_MILLIS = 10_000;

  private final ServerSocket server;

  RawPod() throws IOException {
    server = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress());
    server.setSoTimeout(WAIT_MILLIS);
  }

  Endpoint endpoint() {
    return new Endpoint(
        0, EndpointSpec.of("127.0.0.1", server.getLocalPort(), Role.BOTH), List.of());
  }

  Link accept() throws IOException {
    return new Link(server.accept());
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  /** One accepted connection. */
  record Link(Socket socket) implements AutoCloseable {

    Link {
      try {
        socket.setSoTimeout(WAIT_MILLIS);
        socket.setTcpNoDelay(true);
      } catch (SocketException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Reads a head, up to and with its empty line. */
    String readHead() throws IOException {
      var head = new StringBuilder();
      while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
        int next = socket.getInputStream().read();
        assertThat(next).as("end after '%s'", head).isNotNegative();
        head.append((char) next);
      }
      return head.toString();
    }

    void write(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
    }

    /** Waits until the other side has closed or reset; what it sent before does not matter. */
    void awaitEnd() throws IOException {
      try {
        socket.getInputStream().transferTo(OutputStream.nullOutputStream());
      } catch (SocketException e) {
        assertThat(e).hasMessageContaining("reset");
      }
    }

    /** Closes so that the other side sees a reset. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
