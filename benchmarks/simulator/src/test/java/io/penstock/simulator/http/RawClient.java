package io.penstock.simulator.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client of raw bytes over one blocking socket, for tests that look at every byte. */
public final class RawClient implements AutoCloseable {

  private final Socket socket;

  /** Connects. */
  public RawClient(InetSocketAddress address) throws IOException {
    socket = new Socket();
    socket.setSoTimeout(10_000);
    socket.connect(address, 5_000);
  }

  /** Sends a request as it is and returns all bytes up to the end of the connection. */
  public static byte[] exchange(InetSocketAddress address, byte[] request) throws IOException {
    try (var client = new RawClient(address)) {
      client.send(request);
      return client.readAll();
    }
  }

  /** The bytes of a POST of JSON that keeps the connection. */
  public static byte[] post(String path, String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST "
            + path
            + " HTTP/1.1\r\nHost: pod\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length
            + "\r\n\r\n";
    var request = new ByteArrayOutputStream();
    request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    request.writeBytes(body);
    return request.toByteArray();
  }

  /** The bytes of a GET that keeps the connection. */
  public static byte[] get(String path) {
    return ("GET " + path + " HTTP/1.1\r\nHost: pod\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
  }

  /** Sends bytes. */
  public void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  /** Reads up to the end of the connection. */
  public byte[] readAll() throws IOException {
    return socket.getInputStream().readAllBytes();
  }

  /** Reads until the text so far contains {@code end}. */
  public String readUntil(String end) throws IOException {
    InputStream in = socket.getInputStream();
    var read = new ByteArrayOutputStream();
    while (!read.toString(StandardCharsets.UTF_8).contains(end)) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the connection ended behind: " + read);
      }
      read.write(next);
    }
    return read.toString(StandardCharsets.UTF_8);
  }

  /** Waits at most that long for a byte; -1 at the end, -2 when none came. */
  public int readWithin(int millis) throws IOException {
    socket.setSoTimeout(millis);
    try {
      return socket.getInputStream().read();
    } catch (java.net.SocketTimeoutException e) {
      return -2;
    } finally {
      socket.setSoTimeout(10_000);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
