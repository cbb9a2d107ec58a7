package io.penstock.picker.extproc;

import io.penstock.picker.schedule.RequestHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the picker wants of a request's headers; everything else passes by unread. Filled once,
 * where the message is read.
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

  private static final byte[][] NEVER = {
    name("accept"),
    name("accept-encoding"),
    name("accept-language"),
    name("authorization"),
    name("cache-control"),
    name("connection"),
    name("content-length"),
    name("host"),
    name("user-agent"),
  };

  private static final int LONGEST_ID = 128;

  private String path = "";
  private String method = "";
  private String contentType = "";
  private boolean encoded;
  private String requestId = "";
  private final List<String> toRemove = new ArrayList<>(0);

  /** Names and values, one after the other. */
  private final List<String> others = new ArrayList<>(0);

  private static byte[] name(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Whether a header may be of interest, to the picker or to a policy that names it, so that those
   * that nearly every request has cost nothing.
   */
  static boolean mayMatter(ProtoReader in, int start, int length) {
    return switch (in.at(start)) {
      case ':' -> length <= ":method".length();
      case 'a', 'c', 'h', 'u' -> !isOneOf(NEVER, in, start, length);
      default -> true;
    };
  }

  private static boolean isOneOf(byte[][] names, ProtoReader in, int start, int length) {
    for (var name : names) {
      if (in.is(name, start, length)) {
        return true;
      }
    }
    return false;
  }

  /** Of any header but those that never matter; control headers too. */
  @Override
  public @Nullable String value(String name) {
    for (int i = 0; i < others.size(); i += 2) {
      if (others.get(i).equals(name)) {
        return others.get(i + 1);
      }
    }
    return null;
  }

  /** Takes a header; the name is in lower case. */
  void add(String name, String value) {
    switch (name) {
      case ":path" -> path = value;
      case ":method" -> method = value;
      case "content-type" -> contentType = value;
      case "content-encoding" -> encoded = !value.isEmpty() && !value.equals("identity");
      case "x-request-id" -> requestId = plain(value);
      default -> {
        others.add(name);
        others.add(value);
        addControl(name);
      }
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

  /** The path without its query; empty when the gateway sent none. */
  String path() {
    int query = path.indexOf('?');
    return query < 0 ? path : path.substring(0, query);
  }

  /** The method, upper case; empty when the gateway sent none. */
  String method() {
    return method;
  }

  /** The content type as sent, empty if there is none. */
  String contentType() {
    return contentType;
  }

  /** Whether the body is compressed, so that nothing can be read of it. */
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
