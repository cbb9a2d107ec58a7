package io.penstock.tools.replay.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamReadException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Reads traces in Mooncake's format, gzipped or plain: one JSON object a line with {@code
 * timestamp} (ms), {@code input_length} and {@code output_length} (tokens) and {@code hash_ids}
 * (one per 512 tokens of prompt). Timestamps do not fall, and count from the first. An output of 0
 * tokens counts as 1. Stateless.
 */
public final class TraceReader {

  /** Names of the traces that come with the tools. */
  public static final List<String> BUILT_IN = List.of("conversation", "synthetic");

  private static final JsonFactory JSON = new JsonFactory();
  private static final int GZIP_MAGIC = 0x1f;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private TraceReader() {}

  /** A trace that comes with the tools, by its name. */
  public static Trace builtIn(String name) throws IOException {
    try (var in = TraceReader.class.getResourceAsStream(name + ".jsonl.gz")) {
      if (in == null) {
        throw new IOException("no built-in trace is called " + name);
      }
      return read(name, in);
    }
  }

  /** A trace in a file. */
  public static Trace file(Path path) throws IOException {
    var fileName = path.getFileName();
    try (var in = Files.newInputStream(path)) {
      return read(fileName == null ? path.toString() : fileName.toString(), in);
    }
  }

  /**
   * A trace from a stream, which stays open.
   *
   * @throws IOException if it cannot be read, with the number of the request that is wrong
   */
  static Trace read(String name, InputStream in) throws IOException {
    var buffered = new BufferedInputStream(in);
    buffered.mark(1);
    boolean gzipped = buffered.read() == GZIP_MAGIC;
    buffered.reset();
    List<TraceRequest> requests = new ArrayList<>();
    try (var parser = JSON.createParser(gzipped ? new GZIPInputStream(buffered) : buffered)) {
      long startNanos = 0;
      while (parser.nextToken() != null) {
        var request = request(parser, requests.size());
        if (requests.isEmpty()) {
          startNanos = request.arrivalNanos();
        }
        long arrivalNanos = request.arrivalNanos() - startNanos;
        if (!requests.isEmpty() && arrivalNanos < requests.getLast().arrivalNanos()) {
          throw new IllegalArgumentException(
              "its timestamp is before that of the request in front of it");
        }
        requests.add(request.at(requests.size(), arrivalNanos));
      }
      return new Trace(name, requests);
    } catch (StreamReadException | IllegalArgumentException e) {
      throw new IOException(
          "trace %s, request %d: %s".formatted(name, requests.size(), e.getMessage()), e);
    }
  }

  private static TraceRequest request(JsonParser parser, int number) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new IllegalArgumentException("a JSON object a line is expected");
    }
    double timestamp = 0;
    int input = 0;
    int output = 0;
    int[] blocks = {};
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      var field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "timestamp" -> timestamp = parser.getDoubleValue();
        case "input_length" -> input = parser.getIntValue();
        case "output_length" -> output = parser.getIntValue();
        case "hash_ids" -> blocks = ids(parser);
        default -> parser.skipChildren();
      }
    }
    long arrivalNanos = Math.round(timestamp * NANOS_PER_MILLI);
    return new TraceRequest(number, arrivalNanos, input, Math.max(1, output), blocks);
  }

  private static int[] ids(JsonParser parser) throws IOException {
    int[] ids = new int[16];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, 2 * count);
      }
      ids[count++] = parser.getIntValue();
    }
    return Arrays.copyOf(ids, count);
  }
}
