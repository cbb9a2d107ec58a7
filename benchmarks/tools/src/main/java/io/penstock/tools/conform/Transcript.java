package io.penstock.tools.conform;

import com.google.protobuf.ByteString;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a picker answered on one stream, in order. Confined to the thread of its exchange. */
final class Transcript {

  static final String DESTINATION = "x-gateway-destination-endpoint";
  static final String METADATA_NAMESPACE = "envoy.lb";

  private static final int MOST_SHOWN = 8;

  private final List<ProcessingResponse> replies = new ArrayList<>();
  private @Nullable Status end;
  private boolean silent;

  void add(PickerStream.Event event) {
    switch (event) {
      case PickerStream.Event.Reply reply -> replies.add(reply.response());
      case PickerStream.Event.Ended ended -> end = ended.status();
      case PickerStream.Event.Silence _ -> silent = true;
    }
  }

  List<ProcessingResponse> replies() {
    return replies;
  }

  List<ResponseCase> kinds() {
    return replies.stream().map(ProcessingResponse::getResponseCase).toList();
  }

  int count(ResponseCase kind) {
    return (int) replies.stream().filter(reply -> reply.getResponseCase() == kind).count();
  }

  /** Whether the picker ended the stream. */
  boolean ended() {
    return end != null;
  }

  /** Whether the picker ended the stream, and well. */
  boolean completed() {
    return end != null && end.isOk();
  }

  /** The local reply the picker asked for instead of routing. */
  Optional<ImmediateResponse> immediate() {
    return replies.stream()
        .filter(ProcessingResponse::hasImmediateResponse)
        .map(ProcessingResponse::getImmediateResponse)
        .findFirst();
  }

  /** Status of the local reply the picker asked for; 0 if it did not. */
  int immediateStatus() {
    return immediate().map(reply -> reply.getStatus().getCodeValue()).orElse(0);
  }

  /** The mutations of the body replies of a direction, in order. */
  List<BodyMutation> bodies(ResponseCase kind) {
    return replies.stream()
        .filter(reply -> reply.getResponseCase() == kind)
        .map(reply -> common(reply).getBodyMutation())
        .toList();
  }

  /** The bytes of the body replies of a direction, whichever way they were given. */
  ByteString bytes(ResponseCase kind) {
    return bodies(kind).stream()
        .map(
            body ->
                body.hasStreamedResponse() ? body.getStreamedResponse().getBody() : body.getBody())
        .reduce(ByteString.EMPTY, ByteString::concat);
  }

  /** How many body replies of a direction say that they are the last. */
  int ends(ResponseCase kind) {
    return (int) bodies(kind).stream().filter(Transcript::isEnd).count();
  }

  static boolean isEnd(BodyMutation body) {
    return body.hasStreamedResponse() && body.getStreamedResponse().getEndOfStream();
  }

  /** What is to change about the request's headers, over all replies that may say so. */
  List<HeaderMutation> requestMutations() {
    return mutations(ResponseCase.REQUEST_HEADERS, ResponseCase.REQUEST_BODY);
  }

  /** What is to change about headers, in replies of these kinds. */
  List<HeaderMutation> mutations(ResponseCase... kinds) {
    return replies.stream()
        .filter(reply -> List.of(kinds).contains(reply.getResponseCase()))
        .map(reply -> common(reply).getHeaderMutation())
        .toList();
  }

  /** The headers that are set of these mutations. */
  static Stream<HeaderValueOption> set(List<HeaderMutation> mutations) {
    return mutations.stream().flatMap(mutation -> mutation.getSetHeadersList().stream());
  }

  static String value(HeaderValueOption option) {
    var header = option.getHeader();
    return header.getRawValue().isEmpty() ? header.getValue() : header.getRawValue().toStringUtf8();
  }

  static boolean is(HeaderValueOption option, String name) {
    return option.getHeader().getKey().toLowerCase(Locale.ROOT).equals(name);
  }

  /** The value of the destination header. */
  Optional<String> headerEndpoint() {
    return set(requestMutations())
        .filter(option -> is(option, DESTINATION))
        .map(Transcript::value)
        .reduce((_, last) -> last);
  }

  /** The destination in the dynamic metadata. */
  Optional<String> metadataEndpoint() {
    return replies.stream()
        .map(reply -> reply.getDynamicMetadata().getFieldsMap().get(METADATA_NAMESPACE))
        .filter(namespace -> namespace != null && namespace.hasStructValue())
        .map(namespace -> namespace.getStructValue().getFieldsMap().get(DESTINATION))
        .filter(value -> value != null && value.getKindCase() == Value.KindCase.STRING_VALUE)
        .map(Value::getStringValue)
        .reduce((_, last) -> last);
  }

  /** The first endpoint, by the header, else by the metadata. */
  Optional<Destination> destination() {
    return headerEndpoint()
        .or(this::metadataEndpoint)
        .flatMap(value -> Destination.among(value).stream().findFirst());
  }

  private static CommonResponse common(ProcessingResponse reply) {
    return switch (reply.getResponseCase()) {
      case REQUEST_HEADERS -> reply.getRequestHeaders().getResponse();
      case RESPONSE_HEADERS -> reply.getResponseHeaders().getResponse();
      case REQUEST_BODY -> reply.getRequestBody().getResponse();
      case RESPONSE_BODY -> reply.getResponseBody().getResponse();
      default -> CommonResponse.getDefaultInstance();
    };
  }

  /** What came, in one line. */
  @Override
  public String toString() {
    List<String> shown = new ArrayList<>();
    int most = Math.min(replies.size(), MOST_SHOWN);
    for (int i = 0; i < most; i++) {
      shown.add(describe(replies.get(i)));
    }
    if (replies.size() > most) {
      shown.add((replies.size() - most) + " more, the last " + describe(replies.getLast()));
    }
    if (end != null) {
      String why = end.getDescription() == null ? "" : " (" + end.getDescription() + ")";
      shown.add(end.isOk() ? "end of the stream" : "gRPC status " + end.getCode() + why);
    } else if (silent) {
      shown.add("nothing more in time");
    }
    return shown.isEmpty() ? "nothing" : String.join(", ", shown);
  }

  private static String describe(ProcessingResponse reply) {
    String kind = reply.getResponseCase().name().toLowerCase(Locale.ROOT);
    return switch (reply.getResponseCase()) {
      case REQUEST_BODY, RESPONSE_BODY -> kind + describe(common(reply).getBodyMutation());
      case IMMEDIATE_RESPONSE ->
          kind + " " + reply.getImmediateResponse().getStatus().getCodeValue();
      default -> kind;
    };
  }

  private static String describe(BodyMutation body) {
    if (body.hasStreamedResponse()) {
      var streamed = body.getStreamedResponse();
      return "(" + streamed.getBody().size() + " B" + (streamed.getEndOfStream() ? ", end)" : ")");
    }
    return body.hasBody() ? "(" + body.getBody().size() + " B, not streamed)" : "(unchanged)";
  }
}
