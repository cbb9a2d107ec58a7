package io.penstock.proxy.openai;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Which headers of a client a pod gets to see: all but those that speak of the connection, carry
 * credentials, or could steer where a request or its KV cache goes. Letters' case does not matter,
 * and an underscore is read as a dash, as some servers do.
 *
 * <p>A name costs one pass and one look into a hash table; nothing is allocated.
 */
final class HeaderRules {

  private static final String[] DROPPED = {
    // of the connection, not of the request (RFC 9110 7.6.1), and framing, which is the gateway's
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "http2-settings",
    "host",
    "expect",
    // the answer is read on the side, so it comes uncompressed
    "accept-encoding",
    // credentials are for the gateway
    "authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "cookie",
    "openai-organization",
    "openai-project",
    // who asked, as claimed by the client
    "forwarded",
    "via",
    "x-real-ip",
    "true-client-ip",
    // set anew
    "x-request-id",
    // steers llm-d's picker, or makes a pod tell its load to the client
    "epp-profile",
    "endpoint-load-metrics-format",
  };

  private static final String[] DROPPED_PREFIXES = {
    "proxy-",
    "x-gateway-",
    "x-prefiller-",
    "x-encoder-",
    "x-data-parallel-",
    "x-kv-",
    "x-inference-",
    "x-llm-d-",
    "x-penstock-",
    "x-smg-",
    "x-aibrix-",
    "x-envoy-",
    "x-forwarded-",
  };

  /** Lower case, dash for underscore; 0 for what is no part of a header's name. */
  private static final byte[] FOLD = fold();

  private static final byte[][] PREFIXES = ascii(DROPPED_PREFIXES);
  private static final byte[][] TABLE = table();

  private HeaderRules() {}

  /** Whether the header goes to the pod; false too for what is no header name. */
  static boolean forwards(CharSequence name) {
    int length = name.length();
    int hash = 0;
    for (int i = 0; i < length; i++) {
      char c = name.charAt(i);
      byte folded = c < 128 ? FOLD[c] : 0;
      if (folded == 0) {
        return false;
      }
      hash = hash * 31 + folded;
    }
    if (length == 0) {
      return false;
    }
    for (int i = slot(hash); TABLE[i].length > 0; i = (i + 1) & (TABLE.length - 1)) {
      if (TABLE[i].length == length && startsWith(name, TABLE[i])) {
        return false;
      }
    }
    byte first = FOLD[name.charAt(0)];
    return (first != 'x' && first != 'p') || !hasDroppedPrefix(name);
  }

  private static boolean hasDroppedPrefix(CharSequence name) {
    for (byte[] prefix : PREFIXES) {
      if (name.length() >= prefix.length && startsWith(name, prefix)) {
        return true;
      }
    }
    return false;
  }

  private static boolean startsWith(CharSequence name, byte[] folded) {
    for (int i = 0; i < folded.length; i++) {
      if (FOLD[name.charAt(i)] != folded[i]) {
        return false;
      }
    }
    return true;
  }

  private static int slot(int hash) {
    return (hash ^ (hash >>> 15)) & 127;
  }

  private static byte[][] table() {
    var table = new byte[128][];
    Arrays.fill(table, new byte[0]);
    for (byte[] name : ascii(DROPPED)) {
      int hash = 0;
      for (byte c : name) {
        hash = hash * 31 + c;
      }
      int i = slot(hash);
      while (table[i].length > 0) {
        i = (i + 1) & (table.length - 1);
      }
      table[i] = name;
    }
    return table;
  }

  private static byte[] fold() {
    var fold = new byte[128];
    for (char c : "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyz".toCharArray()) {
      fold[c] = (byte) c;
    }
    for (char c = 'A'; c <= 'Z'; c++) {
      fold[c] = (byte) (c | 0x20);
    }
    fold['_'] = '-';
    return fold;
  }

  private static byte[][] ascii(String[] texts) {
    var bytes = new byte[texts.length][];
    for (int i = 0; i < texts.length; i++) {
      bytes[i] = texts[i].getBytes(StandardCharsets.US_ASCII);
    }
    return bytes;
  }
}
