package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

/**
 * A streamed chat over a raw connection, so that a test sees how the bytes end. The request is sent
 * on construction, a thread of its own reads the answer. Closing leaves the stream.
 */
final class OpenStream implements AutoCloseable {

  private static final int SILENCE_MILLIS = 60_000;
  private static final Pattern CONTENT_LENGTH =
      Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");
  private static final String LAST_CHUNK = "\r\n0\r\n\r\n";

  private final Socket socket;
  private final CompletableFuture<Integer> begun = new CompletableFuture<>();
  private final CompletableFuture<Void> event = new CompletableFuture<>();
  private final CompletableFuture<String> whole;

  /**
   * Sends a chat that generates exactly so many tokens, and reports its usage.
   *
   * @param url of the server, such as {@code http://127.0.0.1:8080}
   */
  OpenStream(String url, String words, int tokens) throws IOException {
    this(url, "tiny", words, tokens);
  }

  /** The same of another model than {@code tiny}. */
  OpenStream(String url, String model, String words, int tokens) throws IOException {
    var at = URI.create(url);
    String body =
        """
        {"model":"%s","messages":[{"role":"user","content":"%s"}],"max_tokens":%d,\
        "ignore_eos":true,"stream":true,"stream_options":{"include_usage":true}}"""
            .formatted(model, words, tokens);
    String head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
            + "content-length: "
            + body.length()
            + "\r\n\r\n";
    socket = new Socket(at.getHost(), at.getPort());
    socket.setSoTimeout(SILENCE_MILLIS);
    socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
    var reader = Executors.newVirtualThreadPerTaskExecutor();
    whole = CompletableFuture.supplyAsync(this::read, reader);
    reader.shutdown();
  }

  private String read() {
    var read = new StringBuilder();
    try {
      var in = new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8);
      int first = in.read();
      begun.complete(first);
      for (int next = first; next >= 0; next = in.read()) {
        read.append((char) next);
        if (next == '\n' && !event.isDone() && read.indexOf("\ndata: ") >= 0) {
          event.complete(null);
        }
        if (next == '\n' && read.indexOf(LAST_CHUNK, read.length() - LAST_CHUNK.length()) >= 0) {
          break;
        }
        if (next == '\n' && read.lastIndexOf("\r\n\r\n") == read.length() - 4) {
          var length = CONTENT_LENGTH.matcher(read);
          if (length.find()) {
            read.append(readChars(in, Integer.parseInt(length.group(1))));
            break;
          }
        }
      }
    } catch (IOException e) {
      // A reset ends the answer as an end does; what came before it is what counts.
      begun.completeExceptionally(e);
      read.append("(reset)");
    }
    event.completeExceptionally(new EOFException("no event in: " + read));
    return read.toString();
  }

  /** A body of ASCII, as errors have it. */
  private static String readChars(Reader in, int count) throws IOException {
    var body = new StringBuilder();
    int next = 0;
    while (body.length() < count && (next = in.read()) >= 0) {
      body.append((char) next);
    }
    return body.toString();
  }

  /** Waits for the first byte of the answer. */
  void awaitFirstByte() {
    assertThat(begun.join()).isEqualTo('H');
  }

  /** Waits for the first event of the answer. */
  void awaitFirstEvent() {
    event.join();
  }

  /**
   * The answer with its head and chunk framing, up to its last chunk, its length or the
   * connection's end.
   */
  String answer() {
    return whole.join();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
