package io.penstock.proxy.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/** A collector on loopback that takes spans by OTLP over HTTP and keeps them, decoded. */
final class OtlpReceiver implements AutoCloseable {

  private final HttpServer server;
  private final List<Span> spans = new CopyOnWriteArrayList<>();
  final List<ExportTraceServiceRequest> requests = new CopyOnWriteArrayList<>();
  final List<String> authorizations = new CopyOnWriteArrayList<>();

  OtlpReceiver() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/traces", this::take);
    server.start();
  }

  private void take(HttpExchange exchange) throws IOException {
    var zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("content-encoding"));
    try (var in = exchange.getRequestBody();
        var plain = zipped ? new GZIPInputStream(in) : in) {
      var request = ExportTraceServiceRequest.parseFrom(plain);
      requests.add(request);
      for (var resource : request.getResourceSpansList()) {
        resource.getScopeSpansList().forEach(scope -> spans.addAll(scope.getSpansList()));
      }
    }
    authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("authorization")));
    exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
  }

  /** All spans of a trace so far, in order of their beginning. */
  List<Span> spans(String traceId) {
    return spans.stream()
        .filter(span -> hex(span.getTraceId().toByteArray()).equals(traceId))
        .sorted((a, b) -> Long.compare(a.getStartTimeUnixNano(), b.getStartTimeUnixNano()))
        .toList();
  }

  List<Span> all() {
    return List.copyOf(spans);
  }

  static String id(Span span) {
    return hex(span.getSpanId().toByteArray());
  }

  static String parent(Span span) {
    return hex(span.getParentSpanId().toByteArray());
  }

  static String trace(Span span) {
    return hex(span.getTraceId().toByteArray());
  }

  static Optional<String> attribute(Span span, String name) {
    return span.getAttributesList().stream()
        .filter(each -> each.getKey().equals(name))
        .map(KeyValue::getValue)
        .map(value -> value.hasIntValue() ? "" + value.getIntValue() : value.getStringValue())
        .findFirst();
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
