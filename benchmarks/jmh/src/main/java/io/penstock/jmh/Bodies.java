package io.penstock.jmh;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Request bodies of a wanted size, as clients write them. */
final class Bodies {

  private static final String SENTENCE =
      "The pipe with a gate that brings water to a turbine is called a penstock, and it is long. ";
  private static final String ESCAPED =
      "He said \\\"no\\\", then wrote\\n\\tif (a \\u003c b) { return \\\"caf\\u00e9\\\"; }\\n and left. ";

  private Bodies() {}

  /** A body of about {@code bytes} bytes. */
  static byte[] of(BodyScanBench.Shape shape, int bytes) {
    var json = new StringBuilder(bytes + 512).append("{\"model\":\"bench\",");
    switch (shape) {
      case CHAT -> messages(json, bytes, SENTENCE, "\"", "\"");
      case ESCAPES -> messages(json, bytes, ESCAPED, "\"", "\"");
      case PARTS -> messages(json, bytes, SENTENCE, "[{\"type\":\"text\",\"text\":\"", "\"}]");
      case TOOLS_FIRST -> {
        json.append("\"tools\":[");
        for (int i = 0; i == 0 || json.length() < bytes / 4; i++) {
          tool(json.append(i == 0 ? "" : ","), i);
        }
        messages(json.append("],"), bytes, SENTENCE, "\"", "\"");
      }
      case COMPLETIONS -> {
        json.append("\"prompt\":\"");
        fill(json, bytes - 64, SENTENCE);
        json.append('"');
      }
    }
    return json.append(",\"max_tokens\":128,\"stream\":true,\"temperature\":0.7}")
        .toString()
        .getBytes(UTF_8);
  }

  /** Turns of about 1 KB, so that a long body is a long conversation. */
  private static void messages(
      StringBuilder json, int bytes, String text, String before, String after) {
    json.append("\"messages\":[{\"role\":\"system\",\"content\":\"You are brief.\"}");
    for (int turn = 0; turn == 0 || json.length() < bytes - 64; turn++) {
      json.append(",{\"role\":\"").append(turn % 2 == 0 ? "user" : "assistant");
      json.append("\",\"content\":").append(before);
      fill(json, Math.min(bytes - 64, json.length() + 1024), text);
      json.append(after).append('}');
    }
    json.append(']');
  }

  private static void tool(StringBuilder json, int number) {
    json.append("{\"type\":\"function\",\"function\":{\"name\":\"look_up_").append(number);
    json.append("\",\"description\":\"Finds a record by its number\",\"parameters\":{");
    json.append("\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"}},");
    json.append("\"required\":[\"id\"]}}}");
  }

  private static void fill(StringBuilder json, int until, String text) {
    do {
      json.append(text);
    } while (json.length() < until);
  }
}
