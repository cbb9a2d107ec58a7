package io.penstock.picker.extproc;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Encodes what the picker answers ({@code envoy.service.ext_proc.v3.ProcessingResponse}). Pure
 * functions. Only what changes is set, and always by overwriting, so that no copy of a client stays
 * beside it.
 */
final class Replies {

  /** The header and the metadata key by which the gateway learns where to send a request. */
  static final String DESTINATION = "x-gateway-destination-endpoint";

  /** Longest piece of a body in one message: some gateways take no more than 64 KiB. */
  static final int MAX_PIECE_BYTES = 62_000;

  private static final String LB_NAMESPACE = "envoy.lb";
  private static final int METADATA = 8;
  private static final int OVERWRITE_IF_EXISTS_OR_ADD = 2;

  private static final byte[] END_OF_STREAM = new ProtoWriter().yes(2).toBytes();
  private static final byte[] CLEAR_ROUTE_CACHE = new ProtoWriter().yes(5).toBytes();

  /** Nothing is reported. */
  static final byte[] NOTHING = {};

  /** The request's headers stay as they are, for now. */
  static final Reply REQUEST_HEADERS_UNCHANGED = unchanged(1);

  /** The response's headers stay as they are. */
  static final Reply RESPONSE_HEADERS_UNCHANGED = unchanged(2);

  /** A piece of the request's body that the gateway kept stays as it is. */
  static final Reply REQUEST_BODY_UNCHANGED = unchanged(3);

  /** A piece of the response's body that the gateway kept stays as it is. */
  static final Reply RESPONSE_BODY_UNCHANGED = unchanged(4);

  /** The request's trailers stay as they are. */
  static final Reply REQUEST_TRAILERS = Reply.of(message(5, new ProtoWriter()));

  /** The response's trailers stay as they are. */
  static final Reply RESPONSE_TRAILERS = Reply.of(message(6, new ProtoWriter()));

  private Replies() {}

  /**
   * Where the request goes, in the header and in the metadata, the same in both.
   *
   * @param withBody whether this answers a body that the gateway kept, rather than the headers
   * @param destination {@code ip:port}, or several with commas between them, the best first
   * @param sidecar names and values, in turn, of headers for a sidecar at the destination
   * @param requestId to be set on the request, null to leave it
   * @param toRemove headers of the client that go no further
   * @param body replaces the body, null to leave it
   * @param whole whether that is the whole body, whose length the headers may have
   */
  static Reply destination(
      boolean withBody,
      String destination,
      List<String> sidecar,
      @Nullable String requestId,
      List<String> toRemove,
      byte @Nullable [] body,
      boolean whole) {
    var mutation = new ProtoWriter();
    mutation.message(1, header(DESTINATION, destination));
    for (int i = 0; i < sidecar.size(); i += 2) {
      mutation.message(1, header(sidecar.get(i), sidecar.get(i + 1)));
    }
    if (body != null && whole) {
      mutation.message(1, header("content-length", Integer.toString(body.length)));
    }
    if (requestId != null) {
      mutation.message(1, header("x-request-id", requestId));
    }
    for (int i = 0; i < toRemove.size(); i++) {
      if (!sidecar.contains(toRemove.get(i))) {
        mutation.text(2, toRemove.get(i));
      }
    }
    int field = withBody ? 3 : 1;
    var response = new ProtoWriter().message(2, mutation);
    var behind = new ProtoWriter().message(METADATA, metadata(destination));
    if (body != null) {
      return replaced(NOTHING, field, response, body, CLEAR_ROUTE_CACHE, behind.toBytes());
    }
    response.all(CLEAR_ROUTE_CACHE);
    return Reply.of(
        new ProtoWriter()
            .message(field, new ProtoWriter().message(1, response))
            .all(behind.toBytes())
            .toBytes());
  }

  /**
   * What is added to the response's headers.
   *
   * @param headers names and values in turn
   */
  static Reply responseHeaders(List<String> headers) {
    if (headers.isEmpty()) {
      return RESPONSE_HEADERS_UNCHANGED;
    }
    var mutation = new ProtoWriter();
    for (int i = 0; i < headers.size(); i += 2) {
      mutation.message(1, header(headers.get(i), headers.get(i + 1)));
    }
    var response = new ProtoWriter().message(2, mutation);
    return Reply.of(message(2, new ProtoWriter().message(1, response)));
  }

  /** {@code {"envoy.lb": {"x-gateway-destination-endpoint": destination}}} as a Struct. */
  private static ProtoWriter metadata(String destination) {
    var inner = field(DESTINATION, new ProtoWriter().text(3, destination));
    return field(LB_NAMESPACE, new ProtoWriter().message(5, inner));
  }

  /** What a gateway is told of a response: the field of a reply that says so. */
  static byte[] reported(List<Reported> values) {
    if (values.isEmpty()) {
      return NOTHING;
    }
    Map<String, ProtoWriter> namespaces = new LinkedHashMap<>();
    for (var each : values) {
      namespaces
          .computeIfAbsent(each.namespace(), name -> new ProtoWriter())
          .all(field(each.key(), new ProtoWriter().decimal(2, (double) each.value())).toBytes());
    }
    var struct = new ProtoWriter();
    namespaces.forEach(
        (name, fields) -> struct.all(field(name, new ProtoWriter().message(5, fields)).toBytes()));
    return message(METADATA, struct);
  }

  private static ProtoWriter field(String key, ProtoWriter value) {
    return new ProtoWriter().message(1, new ProtoWriter().text(1, key).message(2, value));
  }

  private static ProtoWriter header(String name, String value) {
    return new ProtoWriter()
        .message(1, new ProtoWriter().text(1, name).text(3, value))
        .number(3, OVERWRITE_IF_EXISTS_OR_ADD);
  }

  /**
   * Hands a piece of a request's body back, in messages of at most {@link #MAX_PIECE_BYTES}.
   *
   * @param last whether the body ends with it
   */
  static void requestBody(
      byte[] bytes, int start, int length, boolean last, Consumer<Reply> replies) {
    pieces(3, bytes, start, length, last, NOTHING, replies);
  }

  /**
   * The same for a piece of a response's body.
   *
   * @param reported goes with the last message, see {@link #reported}
   */
  static void responseBody(
      byte[] bytes, int start, int length, boolean last, byte[] reported, Consumer<Reply> replies) {
    pieces(4, bytes, start, length, last, reported, replies);
  }

  /** A piece of the response's body that the gateway kept stays as it is. */
  static Reply responseBodyUnchanged(byte[] reported) {
    return reported.length == 0 ? RESPONSE_BODY_UNCHANGED : with(reported, 4);
  }

  /** The response's trailers stay as they are. */
  static Reply responseTrailers(byte[] reported) {
    return reported.length == 0
        ? RESPONSE_TRAILERS
        : Reply.of(new ProtoWriter().all(reported).message(6, new ProtoWriter()).toBytes());
  }

  private static Reply with(byte[] reported, int field) {
    var unchanged = new ProtoWriter().message(1, new ProtoWriter());
    return Reply.of(new ProtoWriter().all(reported).message(field, unchanged).toBytes());
  }

  /**
   * Puts another piece in the place of one of a response's body that the gateway kept.
   *
   * @param whole whether it is the whole body, whose length the headers may have
   * @param reported goes with it, see {@link #reported}
   */
  static Reply replacedResponseBody(byte[] bytes, boolean whole, byte[] reported) {
    var response = new ProtoWriter();
    if (whole) {
      response.message(
          2,
          new ProtoWriter().message(1, header("content-length", Integer.toString(bytes.length))));
    }
    return replaced(reported, 4, response, bytes, NOTHING, NOTHING);
  }

  /**
   * A reply of which {@code response.body_mutation.body} is a whole body, which is not copied:
   * lengths from the inside out.
   *
   * @param before goes before the field
   * @param response fields of the {@code CommonResponse} before the body
   * @param after those behind it
   * @param behind goes behind the field
   */
  private static Reply replaced(
      byte[] before, int field, ProtoWriter response, byte[] body, byte[] after, byte[] behind) {
    byte[] fields = response.toBytes();
    int mutation = lengthOf(body.length);
    int common = fields.length + lengthOf(mutation) + after.length;
    var head =
        new ProtoWriter()
            .all(before)
            .lengthOnly(field, lengthOf(common))
            .lengthOnly(1, common)
            .all(fields)
            .lengthOnly(3, mutation)
            .lengthOnly(1, body.length);
    var tail = new ProtoWriter().all(after).all(behind);
    return new Reply(head.toBytes(), body, 0, body.length, tail.toBytes());
  }

  /**
   * What a field takes whose contents have a length: its number, below 16, the length and these.
   */
  private static int lengthOf(int contents) {
    return 1 + ProtoWriter.varintSize(contents) + contents;
  }

  private static void pieces(
      int field,
      byte[] bytes,
      int start,
      int length,
      boolean last,
      byte[] reported,
      Consumer<Reply> replies) {
    int at = start;
    int left = length;
    while (left > MAX_PIECE_BYTES) {
      replies.accept(piece(field, bytes, at, MAX_PIECE_BYTES, false, NOTHING));
      at += MAX_PIECE_BYTES;
      left -= MAX_PIECE_BYTES;
    }
    replies.accept(piece(field, bytes, at, left, last, reported));
  }

  /** {@code BodyResponse.response.body_mutation.streamed_response}, lengths from the inside out. */
  private static Reply piece(
      int field, byte[] bytes, int start, int length, boolean last, byte[] reported) {
    byte[] tail = last ? END_OF_STREAM : NOTHING;
    int streamed = tail.length + (length > 0 ? lengthOf(length) : 0);
    int mutation = lengthOf(streamed);
    int response = lengthOf(mutation);
    int message = lengthOf(response);
    var head =
        new ProtoWriter()
            .all(reported)
            .lengthOnly(field, message)
            .lengthOnly(1, response)
            .lengthOnly(3, mutation)
            .lengthOnly(3, streamed);
    if (length > 0) {
      head.lengthOnly(1, length);
    }
    return new Reply(head.toBytes(), bytes, start, length, tail);
  }

  /**
   * An answer of the picker's own in place of a pod's.
   *
   * @param headers names and values in turn
   * @param details for the gateway's log
   */
  static Reply immediate(int status, List<String> headers, byte[] body, String details) {
    var mutation = new ProtoWriter();
    for (int i = 0; i < headers.size(); i += 2) {
      mutation.message(1, header(headers.get(i), headers.get(i + 1)));
    }
    var answer =
        new ProtoWriter()
            .message(1, new ProtoWriter().number(1, status))
            .message(2, mutation)
            .bytes(3, body)
            .text(5, details);
    return Reply.of(message(7, answer));
  }

  private static Reply unchanged(int field) {
    return Reply.of(message(field, new ProtoWriter().message(1, new ProtoWriter())));
  }

  private static byte[] message(int field, ProtoWriter inner) {
    return new ProtoWriter().message(field, inner).toBytes();
  }
}
