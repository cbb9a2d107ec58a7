package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The gateway's end of one ext-proc stream, made of the classes that protoc makes of Envoy's files:
 * whatever the server reads and writes by hand has to agree with them.
 */
final class GatewayStream extends ClientCall.Listener<ProcessingResponse> {

  private static final long PATIENCE_SECONDS = 20;

  private final ManagedChannel channel;
  private final ClientCall<ProcessingRequest, ProcessingResponse> call;
  private final LinkedBlockingQueue<ProcessingResponse> replies = new LinkedBlockingQueue<>();
  private final CompletableFuture<Status> ended = new CompletableFuture<>();
  private final Metadata.Builder metadata = Metadata.newBuilder();
  private BodySendMode requestMode = BodySendMode.FULL_DUPLEX_STREAMED;
  private BodySendMode responseMode = BodySendMode.FULL_DUPLEX_STREAMED;
  private boolean configured;

  GatewayStream(ManagedChannel channel) {
    this(channel, new io.grpc.Metadata());
  }

  GatewayStream(ManagedChannel channel, io.grpc.Metadata headers) {
    this(channel, ExternalProcessorGrpc.getProcessMethod(), headers);
  }

  /** A gateway that reads nothing until {@link #read}. */
  static GatewayStream slow(ManagedChannel channel) {
    return new GatewayStream(
        channel, ExternalProcessorGrpc.getProcessMethod(), new io.grpc.Metadata(), 0);
  }

  /** Reads from now on whatever comes. */
  void read() {
    call.request(Integer.MAX_VALUE);
  }

  /** Whether the server still takes what is sent. */
  boolean taken() {
    return call.isReady();
  }

  private GatewayStream(
      ManagedChannel channel,
      MethodDescriptor<ProcessingRequest, ProcessingResponse> method,
      io.grpc.Metadata headers) {
    this(channel, method, headers, Integer.MAX_VALUE);
  }

  private GatewayStream(
      ManagedChannel channel,
      MethodDescriptor<ProcessingRequest, ProcessingResponse> method,
      io.grpc.Metadata headers,
      int replies) {
    this.channel = channel;
    call = channel.newCall(method, io.grpc.CallOptions.DEFAULT);
    call.start(this, headers);
    if (replies > 0) {
      call.request(replies);
    }
  }

  /** A stream whose first message is these bytes, whatever they are. */
  static GatewayStream raw(ManagedChannel channel, byte[] bytes) {
    var proper = ExternalProcessorGrpc.getProcessMethod();
    var method =
        proper.toBuilder()
            .setRequestMarshaller(
                new MethodDescriptor.Marshaller<ProcessingRequest>() {
                  @Override
                  public InputStream stream(ProcessingRequest ignored) {
                    return new ByteArrayInputStream(bytes);
                  }

                  @Override
                  public ProcessingRequest parse(InputStream stream) {
                    throw new UnsupportedOperationException();
                  }
                })
            .build();
    var stream = new GatewayStream(channel, method, new io.grpc.Metadata());
    stream.call.sendMessage(ProcessingRequest.getDefaultInstance());
    return stream;
  }

  /** How bodies will come; before the first message. */
  GatewayStream modes(BodySendMode request, BodySendMode response) {
    requestMode = request;
    responseMode = response;
    return this;
  }

  /** A gateway that is too old to say how bodies come. */
  GatewayStream withoutModes() {
    configured = true;
    return this;
  }

  /** From now on every message carries this value in its metadata. */
  GatewayStream metadata(String namespace, String key, Value value) {
    metadata.putFilterMetadata(namespace, Struct.newBuilder().putFields(key, value).build());
    return this;
  }

  GatewayStream requestHeaders(boolean end, String... namesAndValues) {
    return send(ProcessingRequest.newBuilder().setRequestHeaders(headers(end, namesAndValues)));
  }

  /** Headers of a POST of JSON. */
  GatewayStream post(String path, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                ":method",
                "POST",
                ":path",
                path,
                "content-type",
                "application/json",
                "x-request-id",
                "request-1"));
    all.addAll(List.of(more));
    return requestHeaders(false, all.toArray(String[]::new));
  }

  /** Headers of a POST of something else. */
  GatewayStream postOf(String type, String path) {
    return requestHeaders(false, ":method", "POST", ":path", path, "content-type", type);
  }

  GatewayStream requestBody(String text, boolean end) {
    return requestBody(text.getBytes(StandardCharsets.UTF_8), end);
  }

  GatewayStream requestBody(byte[] bytes, boolean end) {
    return send(ProcessingRequest.newBuilder().setRequestBody(body(bytes, end)));
  }

  GatewayStream requestTrailers() {
    return send(
        ProcessingRequest.newBuilder().setRequestTrailers(HttpTrailers.getDefaultInstance()));
  }

  GatewayStream responseHeaders(int status, boolean end, String... more) {
    List<String> all = new ArrayList<>(List.of(":status", Integer.toString(status)));
    all.addAll(List.of(more));
    return send(
        ProcessingRequest.newBuilder()
            .setResponseHeaders(headers(end, all.toArray(String[]::new))));
  }

  GatewayStream responseBody(String text, boolean end) {
    return responseBody(text.getBytes(StandardCharsets.UTF_8), end);
  }

  GatewayStream responseBody(byte[] bytes, boolean end) {
    return send(ProcessingRequest.newBuilder().setResponseBody(body(bytes, end)));
  }

  GatewayStream responseTrailers() {
    return send(
        ProcessingRequest.newBuilder().setResponseTrailers(HttpTrailers.getDefaultInstance()));
  }

  GatewayStream send(ProcessingRequest.Builder message) {
    if (!configured) {
      configured = true;
      message.setProtocolConfig(
          ProtocolConfiguration.newBuilder()
              .setRequestBodyMode(requestMode)
              .setResponseBodyMode(responseMode));
    }
    if (metadata.getFilterMetadataCount() > 0) {
      message.setMetadataContext(metadata);
    }
    call.sendMessage(message.build());
    return this;
  }

  private static HttpHeaders headers(boolean end, String... namesAndValues) {
    var map = HeaderMap.newBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.addHeaders(
          HeaderValue.newBuilder()
              .setKey(namesAndValues[i])
              .setRawValue(ByteString.copyFromUtf8(namesAndValues[i + 1])));
    }
    return HttpHeaders.newBuilder().setHeaders(map).setEndOfStream(end).build();
  }

  private static HttpBody body(byte[] bytes, boolean end) {
    return HttpBody.newBuilder().setBody(ByteString.copyFrom(bytes)).setEndOfStream(end).build();
  }

  /** The next reply. */
  ProcessingResponse next() throws Exception {
    var reply = replies.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(reply).as("a reply; the stream: " + ended.getNow(null)).isNotNull();
    return reply;
  }

  /** The next reply, which answers the request's headers. */
  Picked picked() throws Exception {
    var reply = next();
    assertThat(reply.getResponseCase()).isEqualTo(ProcessingResponse.ResponseCase.REQUEST_HEADERS);
    return new Picked(reply, reply.getRequestHeaders().getResponse());
  }

  /** The next reply, which is an answer of the picker's own. */
  ImmediateResponse immediate() throws Exception {
    var reply = next();
    assertThat(reply.getResponseCase())
        .isEqualTo(ProcessingResponse.ResponseCase.IMMEDIATE_RESPONSE);
    return reply.getImmediateResponse();
  }

  /** Pieces of the request's body until its end, or so many bytes of it. */
  byte[] requestBodyBack(int bytes, boolean end) throws Exception {
    return bodyBack(true, bytes, end);
  }

  /** The same for the response's body. */
  byte[] responseBodyBack(int bytes, boolean end) throws Exception {
    return bodyBack(false, bytes, end);
  }

  private byte[] bodyBack(boolean request, int bytes, boolean end) throws Exception {
    var back = new ByteArrayOutputStream();
    StreamedBodyResponse piece;
    do {
      var reply = next();
      var response = request ? reply.getRequestBody() : reply.getResponseBody();
      assertThat(request ? reply.hasRequestBody() : reply.hasResponseBody()).isTrue();
      assertThat(response.getResponse().getBodyMutation().hasStreamedResponse()).isTrue();
      piece = response.getResponse().getBodyMutation().getStreamedResponse();
      assertThat(piece.getBody().size()).isLessThanOrEqualTo(62_000);
      piece.getBody().writeTo(back);
    } while (back.size() < bytes || (end && !piece.getEndOfStream()));
    assertThat(piece.getEndOfStream()).isEqualTo(end);
    return back.toByteArray();
  }

  /**
   * Replies that are there when the server has handled everything sent so far: it answers a health
   * check that comes after that on the same connection, in order.
   */
  List<ProcessingResponse> pending() {
    roundTrip();
    List<ProcessingResponse> pending = new ArrayList<>();
    replies.drainTo(pending);
    return pending;
  }

  /** Waits until the server has answered something else on the same connection. */
  void roundTrip() {
    var _ = HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance());
  }

  /** Half-closes, as a gateway does that expects nothing more. */
  GatewayStream end() {
    call.halfClose();
    return this;
  }

  /** Resets the stream, as a gateway does when its client leaves. */
  void cancel() {
    call.cancel("the client left", null);
  }

  /** How the server ended the stream. */
  Status status() throws Exception {
    return ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void onMessage(ProcessingResponse reply) {
    replies.add(reply);
  }

  @Override
  public void onClose(Status status, io.grpc.Metadata trailers) {
    ended.complete(status);
  }

  /** A list of strings, or one string, as metadata has it. */
  static Value list(String... entries) {
    var list = com.google.protobuf.ListValue.newBuilder();
    for (var entry : entries) {
      list.addValues(text(entry));
    }
    return Value.newBuilder().setListValue(list).build();
  }

  static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  /** Headers that an immediate response or a header reply sets, by name. */
  static Map<String, String> set(io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation mutation) {
    Map<String, String> set = new java.util.TreeMap<>();
    for (var option : mutation.getSetHeadersList()) {
      assertThat(option.getAppendAction())
          .isEqualTo(
              io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction
                  .OVERWRITE_IF_EXISTS_OR_ADD);
      var before =
          set.put(option.getHeader().getKey(), option.getHeader().getRawValue().toStringUtf8());
      assertThat(before).as(option.getHeader().getKey()).isNull();
    }
    return set;
  }

  /** A reply that names an endpoint. */
  record Picked(
      ProcessingResponse reply, io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse response) {

    String destination() {
      return set(response.getHeaderMutation()).get("x-gateway-destination-endpoint");
    }

    String destinationInMetadata() {
      return reply
          .getDynamicMetadata()
          .getFieldsOrThrow("envoy.lb")
          .getStructValue()
          .getFieldsOrThrow("x-gateway-destination-endpoint")
          .getStringValue();
    }
  }
}
