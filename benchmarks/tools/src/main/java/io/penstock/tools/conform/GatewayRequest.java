package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A client's request as Envoy's ext_proc filter tells a picker of it, message by message.
 * Immutable.
 *
 * @param mode how bodies are sent, both ways
 * @param headers with pseudo-headers, names in lower case
 * @param pieces of the body, one message each; none: the request has no body
 * @param trailers whether it ends with trailers instead of its last piece
 * @param metadata that goes with every message
 */
record GatewayRequest(
    BodySendMode mode,
    Map<String, String> headers,
    List<ByteString> pieces,
    boolean trailers,
    Metadata metadata) {

  static final String HINT_NAMESPACE = "envoy.lb.subset_hint";
  static final String HINT = "x-gateway-destination-endpoint-subset";

  /** What Envoy reads of a connection at once, and sends as one message. */
  private static final int PIECE_BYTES = 16 * 1024;

  GatewayRequest {
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    pieces = List.copyOf(pieces);
  }

  /** A chat in full-duplex mode. */
  static GatewayRequest chat(String model) {
    return chat(model, 0);
  }

  /** A chat whose prompt has so many letters more. */
  static GatewayRequest chat(String model, int letters) {
    String json =
        """
        {"model": "%s", "messages": [{"role": "user", "content": "conformance %s"}],\
         "max_tokens": 4, "stream": true}"""
            .formatted(model, "letters ".repeat(letters / 8));
    return post("/v1/chat/completions", "application/json", ByteString.copyFromUtf8(json));
  }

  /** A POST in full-duplex mode. */
  static GatewayRequest post(String path, String contentType, ByteString body) {
    var headers = new LinkedHashMap<>(pseudo("POST", path));
    headers.put("content-type", contentType);
    headers.put("content-length", Integer.toString(body.size()));
    List<ByteString> pieces = new ArrayList<>();
    for (int at = 0; at < body.size(); at += PIECE_BYTES) {
      pieces.add(body.substring(at, Math.min(body.size(), at + PIECE_BYTES)));
    }
    return new GatewayRequest(
        BodySendMode.FULL_DUPLEX_STREAMED, headers, pieces, false, Metadata.getDefaultInstance());
  }

  /** A GET, which has no body. */
  static GatewayRequest get(String path) {
    return new GatewayRequest(
        BodySendMode.FULL_DUPLEX_STREAMED,
        pseudo("GET", path),
        List.of(),
        false,
        Metadata.getDefaultInstance());
  }

  private static Map<String, String> pseudo(String method, String path) {
    var headers = new LinkedHashMap<String, String>();
    headers.put(":method", method);
    headers.put(":path", path);
    headers.put(":authority", "gateway.example");
    headers.put(":scheme", "http");
    headers.put("user-agent", "conformance");
    headers.put("x-request-id", "0e8c6d3c-8f39-4c6d-9d0b-6d1f4f1a7c55");
    return headers;
  }

  /** The same, buffered: Envoy waits for the reply to the headers, then sends the body whole. */
  GatewayRequest buffered() {
    return new GatewayRequest(BodySendMode.BUFFERED, headers, List.of(body()), trailers, metadata);
  }

  /** The same with its body in other pieces. */
  GatewayRequest inPieces(List<ByteString> others) {
    return new GatewayRequest(mode, headers, others, trailers, metadata);
  }

  /** The same, ended by trailers. */
  GatewayRequest endedByTrailers() {
    return new GatewayRequest(mode, headers, pieces, true, metadata);
  }

  /** The same with one header more. */
  GatewayRequest withHeader(String name, String value) {
    var more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new GatewayRequest(mode, more, pieces, trailers, metadata);
  }

  /** The same with a subset hint, as a list. */
  GatewayRequest withHint(List<String> endpoints) {
    var list = ListValue.newBuilder();
    endpoints.forEach(each -> list.addValues(Value.newBuilder().setStringValue(each)));
    return withHint(Value.newBuilder().setListValue(list).build());
  }

  /** The same with a subset hint as one string. */
  GatewayRequest withHint(String endpoints) {
    return withHint(Value.newBuilder().setStringValue(endpoints).build());
  }

  private GatewayRequest withHint(Value hint) {
    var namespace = Struct.newBuilder().putFields(HINT, hint).build();
    var hinted = metadata.toBuilder().putFilterMetadata(HINT_NAMESPACE, namespace).build();
    return new GatewayRequest(mode, headers, pieces, trailers, hinted);
  }

  ByteString body() {
    return pieces.stream().reduce(ByteString.EMPTY, ByteString::concat);
  }

  /** The first message of the stream. */
  ProcessingRequest head() {
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(headers(headers, pieces.isEmpty() && !trailers))
        .setMetadataContext(metadata)
        .setProtocolConfig(
            ProtocolConfiguration.newBuilder().setRequestBodyMode(mode).setResponseBodyMode(mode))
        .build();
  }

  /** The messages of the body, and of the trailers. */
  List<ProcessingRequest> rest() {
    List<ProcessingRequest> messages = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      messages.add(piece(pieces.get(i), !trailers && i == pieces.size() - 1));
    }
    if (trailers) {
      var end = HttpTrailers.newBuilder().setTrailers(HeaderMap.getDefaultInstance());
      messages.add(
          ProcessingRequest.newBuilder()
              .setRequestTrailers(end)
              .setMetadataContext(metadata)
              .build());
    }
    return messages;
  }

  /** One message of the body. */
  ProcessingRequest piece(ByteString bytes, boolean end) {
    return ProcessingRequest.newBuilder()
        .setRequestBody(HttpBody.newBuilder().setBody(bytes).setEndOfStream(end))
        .setMetadataContext(metadata)
        .build();
  }

  /** As ext_proc has headers: values as bytes. */
  static HttpHeaders headers(Map<String, String> headers, boolean end) {
    var map = HeaderMap.newBuilder();
    headers.forEach(
        (name, value) ->
            map.addHeaders(
                HeaderValue.newBuilder().setKey(name).setRawValue(ByteString.copyFromUtf8(value))));
    return HttpHeaders.newBuilder().setHeaders(map).setEndOfStream(end).build();
  }
}
