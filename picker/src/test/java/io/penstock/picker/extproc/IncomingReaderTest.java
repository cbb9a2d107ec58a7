package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
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
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The hand-written reader against messages that the generated classes write. */
class IncomingReaderTest {

  @Test
  void reads_a_first_message_with_everything_around_it() {
    var message =
        ProcessingRequest.newBuilder()
            .setRequestHeaders(
                HttpHeaders.newBuilder()
                    .setHeaders(
                        HeaderMap.newBuilder()
                            .addHeaders(raw(":path", "/v1/completions?a=b"))
                            .addHeaders(HeaderValue.newBuilder().setKey(":method").setValue("POST"))
                            .addHeaders(raw("content-type", "application/json"))
                            .addHeaders(raw("authorization", "Bearer secret"))
                            .addHeaders(raw("x-request-id", "id-1"))
                            .addHeaders(raw("x-gateway-inference-fairness-id", "old"))
                            .addHeaders(raw("x-llm-d-inference-fairness-id", "new"))
                            .addHeaders(raw("x-empty", "")))
                    .setEndOfStream(true))
            .putAttributes("envoy.filters", Struct.getDefaultInstance())
            .setMetadataContext(
                Metadata.newBuilder()
                    .putFilterMetadata("other", struct("x", GatewayStream.text("y")))
                    .putFilterMetadata(
                        "envoy.lb",
                        struct(
                            "x-gateway-destination-endpoint-served",
                            GatewayStream.text("10.0.0.1:1"))))
            .setProtocolConfig(
                ProtocolConfiguration.newBuilder()
                    .setRequestBodyMode(BodySendMode.FULL_DUPLEX_STREAMED)
                    .setResponseBodyMode(BodySendMode.NONE))
            .build();

    var read = IncomingReader.parse(message.toByteArray());

    assertThat(read.kind).isEqualTo(Incoming.Kind.REQUEST_HEADERS);
    assertThat(read.endOfStream).isTrue();
    assertThat(read.head.path()).isEqualTo("/v1/completions");
    assertThat(read.head.method()).isEqualTo("POST");
    assertThat(read.head.contentType()).isEqualTo("application/json");
    assertThat(read.head.requestId()).isEqualTo("id-1");
    assertThat(read.head.value("x-llm-d-inference-fairness-id")).isEqualTo("new");
    assertThat(read.served).isEqualTo("10.0.0.1:1");
    assertThat(read.subset).isNull();
    assertThat(read.requestBodyMode).isEqualTo(BodyMode.FULL_DUPLEX);
    assertThat(read.responseBodyMode).isEqualTo(BodyMode.NONE);
  }

  @Test
  void reads_every_body_mode() {
    for (var mode : BodySendMode.values()) {
      if (mode == BodySendMode.UNRECOGNIZED) {
        continue;
      }
      var config = ProtocolConfiguration.newBuilder().setRequestBodyMode(mode);
      var read =
          IncomingReader.parse(
              ProcessingRequest.newBuilder().setProtocolConfig(config).build().toByteArray());
      assertThat(read.requestBodyMode)
          .isEqualTo(
              mode == BodySendMode.FULL_DUPLEX_STREAMED
                  ? BodyMode.FULL_DUPLEX
                  : BodyMode.valueOf(mode.name()));
    }
    assertThat(IncomingReader.parse(new byte[0]).requestBodyMode).isNull();
  }

  @Test
  void reads_each_kind_of_message() {
    var body = HttpBody.newBuilder().setBody(ByteString.copyFromUtf8("piece")).build();
    var trailers = HttpTrailers.getDefaultInstance();
    var headers =
        HttpHeaders.newBuilder()
            .setHeaders(
                HeaderMap.newBuilder()
                    .addHeaders(raw(":status", "429"))
                    .addHeaders(raw("content-type", "text/event-stream; charset=utf-8")))
            .build();
    kind(ProcessingRequest.newBuilder().setRequestBody(body), Incoming.Kind.REQUEST_BODY);
    kind(ProcessingRequest.newBuilder().setResponseBody(body), Incoming.Kind.RESPONSE_BODY);
    kind(
        ProcessingRequest.newBuilder().setRequestTrailers(trailers),
        Incoming.Kind.REQUEST_TRAILERS);
    kind(
        ProcessingRequest.newBuilder().setResponseTrailers(trailers),
        Incoming.Kind.RESPONSE_TRAILERS);
    kind(ProcessingRequest.newBuilder(), Incoming.Kind.OTHER);
    var response =
        kind(
            ProcessingRequest.newBuilder().setResponseHeaders(headers),
            Incoming.Kind.RESPONSE_HEADERS);
    assertThat(response.status).isEqualTo(429);
    assertThat(response.eventStream).isTrue();
  }

  @Test
  void reads_what_the_generated_classes_write_for_random_bodies() {
    long seed = 5;
    var random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(70_000)];
      random.nextBytes(bytes);
      boolean end = random.nextBoolean();
      var message =
          ProcessingRequest.newBuilder()
              .setMetadataContext(Metadata.getDefaultInstance())
              .setRequestBody(
                  HttpBody.newBuilder().setBody(ByteString.copyFrom(bytes)).setEndOfStream(end));
      var read = IncomingReader.parse(message.build().toByteArray());
      assertThat(read.endOfStream).as("seed %d", seed).isEqualTo(end);
      assertThat(Arrays.copyOfRange(read.bytes, read.bodyStart, read.bodyStart + read.bodyLength))
          .isEqualTo(bytes);
    }
  }

  @Test
  void garbage_and_messages_cut_short_come_out_as_such_and_never_as_exceptions() {
    long seed = 6;
    var random = new Random(seed);
    byte[] good =
        ProcessingRequest.newBuilder()
            .setRequestHeaders(
                HttpHeaders.newBuilder()
                    .setHeaders(HeaderMap.newBuilder().addHeaders(raw(":path", "/"))))
            .build()
            .toByteArray();
    for (int length = 1; length < good.length; length++) {
      assertThat(IncomingReader.parse(Arrays.copyOf(good, length)).kind)
          .isEqualTo(Incoming.Kind.MALFORMED);
    }
    int malformed = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(60)];
      random.nextBytes(bytes);
      malformed += IncomingReader.parse(bytes).kind == Incoming.Kind.MALFORMED ? 1 : 0;
    }
    assertThat(malformed).as("seed %d", seed).isPositive();
  }

  private static Incoming kind(ProcessingRequest.Builder message, Incoming.Kind kind) {
    var read = IncomingReader.parse(message.build().toByteArray());
    assertThat(read.kind).isEqualTo(kind);
    return read;
  }

  private static HeaderValue raw(String name, String value) {
    return HeaderValue.newBuilder()
        .setKey(name)
        .setRawValue(ByteString.copyFromUtf8(value))
        .build();
  }

  private static Struct struct(String key, Value value) {
    return Struct.newBuilder().putFields(key, value).build();
  }
}
