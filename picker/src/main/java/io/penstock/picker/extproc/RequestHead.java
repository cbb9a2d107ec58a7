package io.penstock.picker.extproc;

import io.penstock.picker.schedule.RequestHeaders;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request's headers, which stay in their message until somebody asks for them: nearly all pass by
 * unread. Filled once, where the message is read.
 *
 * <p>A header that steers a picker, a sidecar or an engine is the gateway's to set, never the
 * client's: its name is kept in {@link #toRemove}, so that the client's copy goes no further.
 */
final class RequestHead implements RequestHeaders {

  private static final String[] CONTROL = {
    "epp-profile",
    "x-slo-ttft-ms",
    "x-slo-tpot-ms",
    "x-gateway-destination-endpoint-subset",
    "x-gateway-destination-endpoint-served",
    "x-gateway-destination-endpoint-scores",
    "x-gateway-destination-endpoint-fallback",
    "x-gateway-inference-objective",
    "x-gateway-inference-fairness-id",
    "x-gateway-model-name-rewrite",
  };

  private static final String[] CONTROL_PREFIXES = {
    "x-llm-d-", "x-prefiller-", "x-encoder-", "x-data-parallel-", "x-kv-", "x-penstock-",
  };

  /** Ints for a header: where its name and its value begin, and how long they are. */
  private static final int SPANS = 4;

  private static final int[] NONE = {};

  private static final int LONGEST_ID = 128;

  private String path = "";
  private String method = "";
  private String contentType = "";
  private boolean encoded;
  private String requestId = "";
  private final List<String> toRemove = new ArrayList<>(0);

  /** All headers, where they are in the message. */
  private int[] spans = NONE;

  private int used;
  private @Nullable ProtoReader message;

  /** Of any header, also of one that steers; the first one's if there are several. */
  @Override
  public @Nullable String value(String name) {
    var in = message;
    for (int i = 0; in != null && i < used; i += SPANS) {
      if (in.is(name, spans[i], spans[i + 1])) {
        return in.text(spans[i + 2], spans[i + 3]);
      }
    }
    return null;
  }

  /** Takes a header of that message; its name is in lower case. */
  void add(ProtoReader in, int nameStart, int nameLength, int valueStart, int valueLength) {
    message = in;
    if (used == spans.length) {
      spans = Arrays.copyOf(spans, Math.max(16 * SPANS, 2 * used));
    }
    spans[used++] = nameStart;
    spans[used++] = nameLength;
    spans[used++] = valueStart;
    spans[used++] = valueLength;
    switch (in.at(nameStart)) {
      case ':', 'c', 'e', 'x' -> read(in.text(nameStart, nameLength), in, valueStart, valueLength);
      default -> {}
    }
  }

  private void read(String name, ProtoReader in, int start, int length) {
    switch (name) {
      case ":path" -> path = in.text(start, length);
      case ":method" -> method = in.text(start, length);
      case "content-type" -> contentType = in.text(start, length);
      case "content-encoding" -> {
        var coding = in.text(start, length);
        encoded = !coding.isEmpty() && !coding.equalsIgnoreCase("identity");
      }
      case "x-request-id" -> requestId = plain(in.text(start, length));
      default -> addControl(name);
    }
  }

  private void addControl(String name) {
    if (isControl(name) && !toRemove.contains(name)) {
      toRemove.add(name);
    }
  }

  private static boolean isControl(String name) {
    for (var control : CONTROL) {
      if (control.equals(name)) {
        return true;
      }
    }
    for (var prefix : CONTROL_PREFIXES) {
      if (name.startsWith(prefix)) {
        return true;
      }
    }
    return false;
  }

  /** An id is short and printable, or it is none. */
  private static String plain(String value) {
    if (value.length() > LONGEST_ID) {
      return "";
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c <= ' ' || c >= 0x7f) {
        return "";
      }
    }
    return value;
  }

  /**
   * The path without its query, its escapes decoded as engines decode them; empty when the gateway
   * sent none.
   */
  String path() {
    int query = path.indexOf('?');
    return decoded(query < 0 ? path : path.substring(0, query));
  }

  /** Only what stands for ASCII, of which every path that means something is. */
  private static String decoded(String path) {
    if (path.indexOf('%') < 0) {
      return path;
    }
    var text = new StringBuilder(path.length());
    for (int i = 0; i < path.length(); i++) {
      int value = path.charAt(i) == '%' ? escaped(path, i + 1) : -1;
      if (value >= 0 && value < 0x80) {
        text.append((char) value);
        i += 2;
      } else {
        text.append(path.charAt(i));
      }
    }
    return text.toString();
  }

  /** The value of two hexadecimal digits; -1 where there are none. */
  private static int escaped(String path, int at) {
    return at + 1 < path.length()
            && HexFormat.isHexDigit(path.charAt(at))
            && HexFormat.isHexDigit(path.charAt(at + 1))
        ? HexFormat.fromHexDigits(path, at, at + 2)
        : -1;
  }

  /** The method, upper case; empty when the gateway sent none. */
  String method() {
    return method;
  }

  /** The content type as sent, empty if there is none. */
  String contentType() {
    return contentType;
  }

  /** Whether the body is said to be compressed; engines here do not ask, and read it as it is. */
  boolean encoded() {
    return encoded;
  }

  /** The request's id, null if it has none that can be used. */
  @Nullable String requestId() {
    return requestId.isEmpty() ? null : requestId;
  }

  /** The model that the gateway wants the request sent to; null where it leaves that to rules. */
  @Nullable String modelRewrite() {
    var given = value("x-llm-d-model-name-rewrite");
    var model = plain(given == null ? older("x-gateway-model-name-rewrite") : given);
    return model.isEmpty() ? null : model;
  }

  private String older(String name) {
    var value = value(name);
    return value == null ? "" : value;
  }

  /** Names of headers that go no further than here. */
  List<String> toRemove() {
    return toRemove;
  }
}
