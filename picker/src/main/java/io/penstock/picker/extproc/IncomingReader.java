package io.penstock.picker.extproc;

import java.nio.charset.StandardCharsets;

/** Reads a {@code ProcessingRequest}; body pieces stay where they are in it. Pure functions. */
final class IncomingReader {

  private static final byte[] SUBSET_NAMESPACE = ascii("envoy.lb.subset_hint");
  private static final byte[] SUBSET_KEY = ascii("x-gateway-destination-endpoint-subset");
  private static final byte[] LB_NAMESPACE = ascii("envoy.lb");
  private static final byte[] SERVED_KEY = ascii("x-gateway-destination-endpoint-served");
  private static final byte[] STATUS = ascii(":status");
  private static final byte[] CONTENT_TYPE = ascii("content-type");
  private static final byte[] CONTENT_ENCODING = ascii("content-encoding");

  private IncomingReader() {}

  /** A message that is none comes out as {@link Incoming.Kind#MALFORMED}, to be answered. */
  static Incoming parse(byte[] bytes) {
    try {
      return message(bytes);
    } catch (MalformedMessage notOurs) {
      return Incoming.of(Incoming.Kind.MALFORMED);
    }
  }

  private static Incoming message(byte[] bytes) {
    var message = new Incoming();
    message.bytes = bytes;
    var in = new ProtoReader(bytes);
    while (in.next()) {
      switch (in.field()) {
        case 2 -> headers(in, message, Incoming.Kind.REQUEST_HEADERS);
        case 3 -> headers(in, message, Incoming.Kind.RESPONSE_HEADERS);
        case 4 -> body(in, message, Incoming.Kind.REQUEST_BODY);
        case 5 -> body(in, message, Incoming.Kind.RESPONSE_BODY);
        case 6 -> trailers(in, message, Incoming.Kind.REQUEST_TRAILERS);
        case 7 -> trailers(in, message, Incoming.Kind.RESPONSE_TRAILERS);
        case 8 -> metadata(in, message);
        case 11 -> protocol(in, message);
        default -> in.skip();
      }
    }
    return message;
  }

  /** {@code HttpHeaders}. */
  private static void headers(ProtoReader in, Incoming message, Incoming.Kind kind) {
    message.kind = kind;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> headerMap(in, message);
        case 3 -> message.endOfStream = in.varint() != 0;
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private static void headerMap(ProtoReader in, Incoming message) {
    int outer = in.enter();
    while (in.next()) {
      if (in.field() == 1) {
        header(in, message);
      } else {
        in.skip();
      }
    }
    in.leave(outer);
  }

  /** {@code HeaderValue}: the bytes in {@code raw_value} win over the text in {@code value}. */
  private static void header(ProtoReader in, Incoming message) {
    int keyStart = 0;
    int keyLength = 0;
    int valueStart = 0;
    int valueLength = 0;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          in.span();
          keyStart = in.spanStart();
          keyLength = in.spanLength();
        }
        case 2, 3 -> {
          in.span();
          if (in.spanLength() > 0 && (in.field() == 3 || valueLength == 0)) {
            valueStart = in.spanStart();
            valueLength = in.spanLength();
          }
        }
        default -> in.skip();
      }
    }
    in.leave(outer);
    if (keyLength == 0) {
      return;
    }
    if (message.kind == Incoming.Kind.RESPONSE_HEADERS) {
      if (in.is(STATUS, keyStart, keyLength)) {
        message.status = status(in, valueStart, valueLength);
      } else if (in.is(CONTENT_TYPE, keyStart, keyLength)) {
        var type = in.text(valueStart, valueLength);
        message.eventStream = type.startsWith("text/event-stream");
        message.json = type.contains("json");
      } else if (in.is(CONTENT_ENCODING, keyStart, keyLength)) {
        message.encoded = !in.text(valueStart, valueLength).equals("identity");
      }
    } else {
      message.head.add(in, keyStart, keyLength, valueStart, valueLength);
    }
  }

  private static int status(ProtoReader in, int start, int length) {
    int status = 0;
    for (int i = 0; i < length && i < 3; i++) {
      status = status * 10 + in.at(start + i) - '0';
    }
    return status;
  }

  /** {@code HttpBody}. */
  private static void body(ProtoReader in, Incoming message, Incoming.Kind kind) {
    message.kind = kind;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          in.span();
          message.bodyStart = in.spanStart();
          message.bodyLength = in.spanLength();
        }
        case 2 -> message.endOfStream = in.varint() != 0;
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private static void trailers(ProtoReader in, Incoming message, Incoming.Kind kind) {
    message.kind = kind;
    in.skip();
  }

  /** {@code Metadata}: only two keys of its untyped namespaces mean something here. */
  private static void metadata(ProtoReader in, Incoming message) {
    int outer = in.enter();
    while (in.next()) {
      if (in.field() == 1) {
        namespace(in, message);
      } else {
        in.skip();
      }
    }
    in.leave(outer);
  }

  private static void namespace(ProtoReader in, Incoming message) {
    boolean subset = false;
    boolean lb = false;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          in.span();
          subset = in.is(SUBSET_NAMESPACE);
          lb = in.is(LB_NAMESPACE);
        }
        case 2 -> {
          if (subset || lb) {
            struct(in, message, subset);
          } else {
            in.skip();
          }
        }
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private static void struct(ProtoReader in, Incoming message, boolean subset) {
    int outer = in.enter();
    while (in.next()) {
      if (in.field() == 1) {
        entry(in, message, subset);
      } else {
        in.skip();
      }
    }
    in.leave(outer);
  }

  private static void entry(ProtoReader in, Incoming message, boolean subset) {
    boolean wanted = false;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> {
          in.span();
          wanted = in.is(subset ? SUBSET_KEY : SERVED_KEY);
        }
        case 2 -> {
          if (!wanted) {
            in.skip();
          } else if (subset) {
            var hint = new SubsetHint();
            value(in, hint);
            message.subset = hint;
          } else {
            message.served = firstText(in);
          }
        }
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  /** A {@code Value}: a string, or a list of them; anything else allows nothing. */
  private static void value(ProtoReader in, SubsetHint hint) {
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 3 -> {
          in.span();
          hint.add(in.text());
        }
        case 6 -> list(in, hint);
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private static void list(ProtoReader in, SubsetHint hint) {
    int outer = in.enter();
    while (in.next()) {
      if (in.field() == 1) {
        value(in, hint);
      } else {
        in.skip();
      }
    }
    in.leave(outer);
  }

  private static String firstText(ProtoReader in) {
    String text = "";
    int outer = in.enter();
    while (in.next()) {
      if (in.field() == 3) {
        in.span();
        text = in.text();
      } else {
        in.skip();
      }
    }
    in.leave(outer);
    return text;
  }

  /** {@code ProtocolConfiguration}: a mode that is not set is the first one, NONE. */
  private static void protocol(ProtoReader in, Incoming message) {
    message.requestBodyMode = BodyMode.NONE;
    message.responseBodyMode = BodyMode.NONE;
    int outer = in.enter();
    while (in.next()) {
      switch (in.field()) {
        case 1 -> message.requestBodyMode = BodyMode.of(in.varint());
        case 2 -> message.responseBodyMode = BodyMode.of(in.varint());
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
