package io.penstock.tools.conform;

import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.envoyproxy.envoy.type.v3.StatusCode;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One stream of a {@link ReferencePicker}. Called by one thread at a time. */
final class ReferenceStream implements StreamObserver<ProcessingRequest> {

  private static final String DESTINATION = "x-gateway-destination-endpoint";
  private static final String SUBSET = "x-gateway-destination-endpoint-subset";
  private static final int LARGE = 1 << 20;

  private final ReferencePicker picker;
  private final StreamObserver<ProcessingResponse> replies;
  private ByteString body = ByteString.EMPTY;
  private HeaderMap headers = HeaderMap.getDefaultInstance();
  private @Nullable Value hint;
  private boolean buffered;
  private boolean requestEnded;
  private boolean closed;

  ReferenceStream(ReferencePicker picker, StreamObserver<ProcessingResponse> replies) {
    this.picker = picker;
    this.replies = replies;
  }

  private boolean has(Fault fault) {
    return picker.has(fault);
  }

  @Override
  public void onNext(ProcessingRequest message) {
    if (closed) {
      return;
    }
    switch (message.getRequestCase()) {
      case REQUEST_HEADERS -> requestHeaders(message);
      case REQUEST_BODY -> requestBody(message.getRequestBody());
      case REQUEST_TRAILERS -> {
        if (!has(Fault.TRAILERS_IGNORED)) {
          requestEnd(true);
        }
      }
      case RESPONSE_HEADERS -> answerHeaders(message.getResponseHeaders().getHeaders());
      case RESPONSE_BODY -> answerBody(message.getResponseBody());
      case RESPONSE_TRAILERS -> {
        if (!has(Fault.ANSWER_TRAILERS_IGNORED)) {
          send(builder().setResponseTrailers(TrailersResponse.getDefaultInstance()));
        }
      }
      case REQUEST_NOT_SET -> fail();
    }
  }

  private void requestHeaders(ProcessingRequest message) {
    headers = message.getRequestHeaders().getHeaders();
    buffered = message.getProtocolConfig().getRequestBodyMode() == BodySendMode.BUFFERED;
    var namespace = message.getMetadataContext().getFilterMetadataMap().get("envoy.lb.subset_hint");
    hint = namespace == null ? null : namespace.getFieldsMap().get(SUBSET);
    if (message.getRequestHeaders().getEndOfStream()) {
      if (!has(Fault.NO_BODY_WAITED_FOR)) {
        requestEnded = true;
        routeAndEnd(false, false);
      }
    } else if (buffered) {
      send(builder().setRequestHeaders(HeadersResponse.getDefaultInstance()));
    }
  }

  private void requestBody(HttpBody piece) {
    if (requestEnded) {
      if (has(Fault.SECOND_END_ANSWERED)) {
        send(requestPiece(ByteString.EMPTY, true));
      }
      return;
    }
    body = body.concat(piece.getBody());
    boolean overlooked = has(Fault.EMPTY_END_OVERLOOKED) && piece.getBody().isEmpty();
    if (piece.getEndOfStream() && !overlooked) {
      requestEnd(false);
    }
  }

  private void requestEnd(boolean trailers) {
    requestEnded = true;
    String text = body.toStringUtf8();
    if (has(Fault.LARGE_BODY_REFUSED) && body.size() > LARGE) {
      refuse(413);
    } else if (has(Fault.MALFORMED_IS_AN_ERROR)
        && text.startsWith("{\"model\": ")
        && text.length() < 20) {
      fail();
    } else if (has(Fault.UNKNOWN_PATHS_REFUSED) && !header(":path").startsWith("/v1/chat")) {
      refuse(404);
    } else {
      routeAndEnd(true, trailers);
    }
  }

  private void routeAndEnd(boolean hasBody, boolean trailers) {
    route(hasBody, trailers);
    if (picker.endsAfterRequest()) {
      onCompleted();
    }
  }

  private void route(boolean hasBody, boolean trailers) {
    if (picker.pool().isEmpty() && has(Fault.EMPTY_POOL_IS_AN_ERROR)) {
      fail();
      return;
    }
    var candidates = candidates(hasBody);
    if (candidates.isEmpty() || picker.isExhausted()) {
      refuse(has(Fault.WITHOUT_BODY_500) && !hasBody && hint != null ? 500 : 503);
      return;
    }
    boolean stranger = has(Fault.STRANGER_CHOSEN) && hint == null;
    String endpoint = stranger ? "192.0.2.9:9" : picker.next(candidates);
    if (hasBody && buffered) {
      var reply = BodyResponse.newBuilder();
      if (!has(Fault.BUFFERED_WITHOUT_ENDPOINT)) {
        reply.setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation(endpoint)));
      }
      if (has(Fault.BUFFERED_STREAMED)) {
        reply.getResponseBuilder().setBodyMutation(streamed(body, true));
      }
      var all = builder().setRequestBody(reply);
      send(has(Fault.BUFFERED_WITHOUT_ENDPOINT) ? all : withMetadata(all, endpoint));
      return;
    }
    var common = CommonResponse.newBuilder().setHeaderMutation(mutation(endpoint));
    var reply = builder().setRequestHeaders(HeadersResponse.newBuilder().setResponse(common));
    var pieces = hasBody ? pieces(trailers) : List.<ProcessingResponse.Builder>of();
    if (has(Fault.BODY_REPLY_FIRST) && hasBody) {
      pieces.forEach(this::send);
      send(withMetadata(reply, endpoint));
    } else {
      send(withMetadata(reply, endpoint));
      pieces.forEach(this::send);
    }
    if (trailers) {
      send(builder().setRequestTrailers(TrailersResponse.getDefaultInstance()));
    }
  }

  private List<String> candidates(boolean hasBody) {
    boolean ignored =
        has(Fault.HINT_IGNORED)
            || (has(Fault.HINT_IGNORED_WITHOUT_BODY) && !hasBody)
            || (has(Fault.HINT_STRING_IGNORED) && hint != null && hint.hasStringValue());
    if (hint == null || ignored) {
      return picker.pool();
    }
    List<String> allowed =
        hint.hasListValue()
            ? hint.getListValue().getValuesList().stream().map(Value::getStringValue).toList()
            : List.of(hint.getStringValue().split(",", -1));
    if (allowed.isEmpty() && has(Fault.EMPTY_HINT_MEANS_ALL)) {
      return picker.pool();
    }
    var eligible = picker.pool().stream().filter(each -> isAllowed(each, allowed)).toList();
    boolean all = eligible.isEmpty() && !allowed.isEmpty() && has(Fault.STRANGERS_MEAN_ALL);
    return all ? picker.pool() : eligible;
  }

  private boolean isAllowed(String endpoint, List<String> allowed) {
    if (has(Fault.HINT_IPV6_UNKNOWN) && endpoint.startsWith("[")) {
      return false;
    }
    String address = endpoint.substring(0, endpoint.lastIndexOf(':'));
    if (has(Fault.HINT_PORTS_IGNORED)) {
      return allowed.stream().anyMatch(each -> each.startsWith(address));
    }
    return allowed.contains(endpoint)
        || (allowed.contains(address) && !has(Fault.HINT_ADDRESSES_UNKNOWN));
  }

  @SuppressWarnings("deprecation") // the fault appends as Envoy understands it
  private HeaderMutation mutation(String endpoint) {
    var mutation = HeaderMutation.newBuilder();
    if (!has(Fault.NO_HEADER)) {
      var option = option(DESTINATION, has(Fault.NOT_AN_ADDRESS) ? endpoint + "," : endpoint);
      if (has(Fault.HEADER_APPENDED)) {
        option.setAppend(BoolValue.of(true));
      }
      mutation.addSetHeaders(option);
    }
    if (has(Fault.REQUEST_HEADERS_ECHOED)) {
      headers.getHeadersList().stream()
          .filter(each -> !each.getKey().startsWith("content-length"))
          .forEach(each -> mutation.addSetHeaders(echo(each)));
    }
    if (has(Fault.CONTENT_LENGTH_SET)) {
      mutation.addSetHeaders(option("content-length", Integer.toString(body.size())));
    }
    if (!has(Fault.CONTROL_HEADERS_KEPT)) {
      mutation.addRemoveHeaders(SUBSET).addRemoveHeaders(DESTINATION + "-served");
    }
    return mutation.build();
  }

  private ProcessingResponse.Builder withMetadata(
      ProcessingResponse.Builder reply, String endpoint) {
    if (has(Fault.NO_METADATA)) {
      return reply;
    }
    String value = endpoint;
    if (has(Fault.NOT_AN_ADDRESS)) {
      value = endpoint + ",";
    } else if (has(Fault.HEADER_AND_METADATA_DIFFER)) {
      value = endpoint + "," + endpoint;
    }
    var choice = Struct.newBuilder().putFields(DESTINATION, string(value));
    var namespace = Value.newBuilder().setStructValue(choice);
    return reply.setDynamicMetadata(Struct.newBuilder().putFields("envoy.lb", namespace.build()));
  }

  private List<ProcessingResponse.Builder> pieces(boolean trailers) {
    var bytes = body;
    if (has(Fault.BODY_GARBLED)) {
      bytes = ByteString.copyFromUtf8("?").concat(body.substring(1));
    }
    int most = has(Fault.BODY_IN_ONE_REPLY) ? Integer.MAX_VALUE : 62_000;
    List<ProcessingResponse.Builder> pieces = new ArrayList<>();
    int at = 0;
    do {
      int end = (int) Math.min(bytes.size(), (long) at + most);
      boolean last = end == bytes.size() && !trailers && !has(Fault.BODY_WITHOUT_END);
      pieces.add(requestPiece(bytes.substring(at, end), last));
      at = end;
    } while (at < bytes.size());
    if (has(Fault.BODY_ENDS_TWICE) && !trailers) {
      pieces.add(requestPiece(ByteString.EMPTY, true));
    }
    return pieces;
  }

  private ProcessingResponse.Builder requestPiece(ByteString bytes, boolean end) {
    var mutation =
        has(Fault.BODY_REPLY_NOT_STREAMED)
            ? BodyMutation.newBuilder().setBody(bytes)
            : streamed(bytes, end);
    var common = CommonResponse.newBuilder().setBodyMutation(mutation);
    return builder().setRequestBody(BodyResponse.newBuilder().setResponse(common));
  }

  private void answerHeaders(HeaderMap answer) {
    if (has(Fault.EARLY_ANSWER_REFUSED) && !requestEnded) {
      fail();
      return;
    }
    var mutation = HeaderMutation.newBuilder();
    if (has(Fault.ANSWER_HEADERS_ECHOED)) {
      answer.getHeadersList().forEach(each -> mutation.addSetHeaders(echo(each)));
    }
    var common = CommonResponse.newBuilder().setHeaderMutation(mutation);
    var reply = builder().setResponseHeaders(HeadersResponse.newBuilder().setResponse(common));
    send(reply);
    if (has(Fault.ANSWER_HEADERS_TWICE)) {
      send(reply);
    }
  }

  private void answerBody(HttpBody piece) {
    var bytes = piece.getBody();
    if (has(Fault.ANSWER_PIECE_LOST) && bytes.toStringUtf8().contains("two")) {
      return;
    }
    var common = CommonResponse.newBuilder();
    if (!buffered) {
      common.setBodyMutation(streamed(bytes, piece.getEndOfStream()));
    }
    var reply = builder().setResponseBody(BodyResponse.newBuilder().setResponse(common));
    send(reply);
    if (has(Fault.ANSWER_ENDS_TWICE) && piece.getEndOfStream() && !buffered) {
      common.setBodyMutation(streamed(ByteString.EMPTY, true));
      send(builder().setResponseBody(BodyResponse.newBuilder().setResponse(common)));
    }
  }

  private void refuse(int status) {
    var refusal =
        ImmediateResponse.newBuilder()
            .setStatus(HttpStatus.newBuilder().setCode(StatusCode.forNumber(status)));
    if (has(Fault.REFUSAL_IN_PLAIN_TEXT)) {
      refusal.setBody(ByteString.copyFromUtf8("no endpoint"));
    } else {
      refusal
          .setHeaders(
              HeaderMutation.newBuilder().addSetHeaders(option("content-type", "application/json")))
          .setBody(
              ByteString.copyFromUtf8(
                  "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"param\":null,\"code\":\"c\"}}"));
    }
    send(builder().setImmediateResponse(refusal));
    onCompleted();
  }

  private void fail() {
    closed = true;
    replies.onError(Status.INTERNAL.withDescription("broken").asRuntimeException());
  }

  private void send(ProcessingResponse.Builder reply) {
    replies.onNext(reply.build());
  }

  @Override
  public void onError(Throwable cancelled) {
    if (!requestEnded) {
      picker.countLeft();
    }
  }

  @Override
  public void onCompleted() {
    if (!closed && !has(Fault.STREAM_LEFT_OPEN)) {
      closed = true;
      replies.onCompleted();
    }
  }

  private String header(String name) {
    return headers.getHeadersList().stream()
        .filter(each -> each.getKey().equals(name))
        .map(each -> each.getRawValue().toStringUtf8())
        .findFirst()
        .orElse("");
  }

  private static ProcessingResponse.Builder builder() {
    return ProcessingResponse.newBuilder();
  }

  private static BodyMutation.Builder streamed(ByteString bytes, boolean end) {
    return BodyMutation.newBuilder()
        .setStreamedResponse(StreamedBodyResponse.newBuilder().setBody(bytes).setEndOfStream(end));
  }

  private static HeaderValueOption.Builder option(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(
            HeaderValue.newBuilder().setKey(name).setRawValue(ByteString.copyFromUtf8(value)))
        .setAppendAction(HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD);
  }

  private static HeaderValueOption.Builder echo(HeaderValue header) {
    return HeaderValueOption.newBuilder().setHeader(header);
  }

  private static Value string(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
