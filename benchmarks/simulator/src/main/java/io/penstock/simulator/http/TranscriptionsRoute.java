package io.penstock.simulator.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.text.TextGenerator;
import io.penstock.simulator.text.Tokenizer;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code POST /v1/audio/transcriptions}: some words for any file. Takes no engine time. Confined to
 * the pod's event loop.
 */
final class TranscriptionsRoute {

  private static final int WORDS = 12;
  private static final int BYTES_PER_SECOND = 32_000;
  private static final Pattern BOUNDARY =
      Pattern.compile("multipart/form-data\\s*;.*boundary=\"?([^\";]+)\"?.*");
  private static final Pattern NAME = Pattern.compile("[;\\s]name=\"([^\"]*)\"");

  private final Models models;

  TranscriptionsRoute(Models models) {
    this.models = models;
  }

  void serve(ReceivedRequest request, Reply reply) throws BadRequest {
    Map<String, String> fields = fields(request);
    String file = fields.get("file");
    if (file == null) {
      throw new BadRequest(ErrorBody.missing("file", fields.size()));
    }
    models.named(fields.getOrDefault("model", models.root()));
    String text = words(file.hashCode());
    if (fields.getOrDefault("response_format", "json").equals("text")) {
      reply.whole(200, Map.of(), "text/plain; charset=utf-8", text);
      return;
    }
    int seconds = 1 + file.length() / BYTES_PER_SECOND;
    var out = new JsonWriter().object().field("text", text).name("usage").object();
    out.field("type", "duration").field("seconds", seconds).endObject();
    reply.json(200, out.endObject().toString());
  }

  private static String words(long seed) {
    var random = new SplittableRandom(seed);
    int[] tokens = new int[WORDS];
    int previous = -1;
    for (int i = 0; i < WORDS; i++) {
      previous = TextGenerator.next(random.nextLong(), previous);
      tokens[i] = previous;
    }
    return Tokenizer.decode(tokens);
  }

  /** The parts of a form by name; a file's bytes are kept one to a character. */
  private static Map<String, String> fields(ReceivedRequest request) throws BadRequest {
    Matcher boundary = BOUNDARY.matcher(request.header("content-type").orElse(""));
    if (!boundary.matches()) {
      throw new BadRequest(ErrorBody.missing("file", 0));
    }
    Map<String, String> fields = new HashMap<>();
    String delimiter = "\r\n--" + boundary.group(1);
    String body = "\r\n" + new String(request.body(), ISO_8859_1);
    int at = body.indexOf(delimiter);
    while (at >= 0) {
      int start = at + delimiter.length();
      at = body.indexOf(delimiter, start);
      int content = body.indexOf("\r\n\r\n", start);
      if (at < 0 || content < 0 || content > at) {
        break;
      }
      Matcher name = NAME.matcher(body.substring(start, content));
      if (name.find()) {
        String value = body.substring(content + 4, at);
        boolean isFile = name.group(1).equals("file");
        fields.put(name.group(1), isFile ? value : new String(value.getBytes(ISO_8859_1), UTF_8));
      }
    }
    return fields;
  }
}
