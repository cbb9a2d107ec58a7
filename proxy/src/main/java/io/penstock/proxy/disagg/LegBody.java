package io.penstock.proxy.disagg;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import java.nio.charset.StandardCharsets;

/**
 * Makes the bodies of two legs out of the client's. Pure functions; the bytes of the client's body
 * are shared, not copied.
 *
 * <p>A prefill keeps everything that makes the prompt and loses what says how it is to be answered:
 * limits, stops, formats, the stream. It asks for one token, whatever that token is: an engine
 * hands a prompt on only where its limit ended the answer.
 */
final class LegBody {

  private static final byte[] ONE_CHAT_TOKEN =
      ascii(",\"max_tokens\":1,\"max_completion_tokens\":1,\"stream\":false,\"ignore_eos\":true");
  private static final byte[] ONE_TOKEN =
      ascii(",\"max_tokens\":1,\"stream\":false,\"ignore_eos\":true");
  private static final byte[] ONE_RESPONSE_TOKEN =
      ascii(",\"max_output_tokens\":1,\"stream\":false,\"ignore_eos\":true,\"store\":false");

  private static final String ONE_SAMPLED_TOKEN =
      ",\"sampling_params\":{\"max_tokens\":1,\"ignore_eos\":true,\"extra_args\":{";

  private LegBody() {}

  /** The body with more members at its end; {@code members} begins with a comma. */
  static ByteBuf with(ByteBuf body, InferenceRequest request, byte[] members) {
    int end = objectEnd(body);
    int from = body.readerIndex();
    if (request.api() == ApiKind.GENERATE) {
      return withExtraArgs(body, request, members, end);
    }
    return Unpooled.wrappedBuffer(
        body.retainedSlice(from, end - from),
        direct(body, members),
        body.retainedSlice(end, body.writerIndex() - end));
  }

  /** The same members once more where this API's engines look for them. */
  private static ByteBuf withExtraArgs(
      ByteBuf body, InferenceRequest request, byte[] members, int end) {
    int from = body.readerIndex();
    String inner = new String(members, 1, members.length - 1, StandardCharsets.UTF_8);
    int at = end;
    String text = ",\"sampling_params\":{\"extra_args\":{" + inner + "}}";
    if (request.extraArgsSpan() != null) {
      at = from + request.extraArgsSpan().end() - 1;
      text = comma(body, at) + inner;
    } else if (request.samplingSpan() != null) {
      at = from + request.samplingSpan().end() - 1;
      text = comma(body, at) + "\"extra_args\":{" + inner + "}";
    }
    return Unpooled.wrappedBuffer(
        body.retainedSlice(from, at - from),
        direct(body, text.getBytes(StandardCharsets.UTF_8)),
        body.retainedSlice(at, end - at),
        direct(body, members),
        body.retainedSlice(end, body.writerIndex() - end));
  }

  /** What goes in front of a further member of the object that closes there. */
  private static String comma(ByteBuf body, int closing) {
    int last = closing - 1;
    while (body.getByte(last) <= ' ') {
      last--;
    }
    return body.getByte(last) == '{' ? "" : ",";
  }

  /** The body for an answer of one token that is not streamed, with more members at its end. */
  static ByteBuf oneToken(ByteBuf body, InferenceRequest request, byte[] members) {
    int end = objectEnd(body);
    var spans = request.answerSpans();
    var parts = new ByteBuf[spans.size() + 4];
    int count = 0;
    int at = body.readerIndex();
    int origin = at;
    for (int i = 0; i < spans.size(); i++) {
      var span = spans.get(i);
      int start = origin + span.start();
      if (start > at) {
        parts[count++] = body.retainedSlice(at, start - at);
      }
      at = origin + span.end();
    }
    parts[count++] = body.retainedSlice(at, end - at);
    parts[count++] = direct(body, oneToken(request, members));
    parts[count++] = direct(body, members);
    parts[count++] = body.retainedSlice(end, body.writerIndex() - end);
    var whole = new ByteBuf[count];
    System.arraycopy(parts, 0, whole, 0, count);
    return Unpooled.wrappedBuffer(count, whole);
  }

  /** Direct, so that the whole can be written without a copy. */
  private static ByteBuf direct(ByteBuf body, byte[] bytes) {
    return body.alloc().directBuffer(bytes.length).writeBytes(bytes);
  }

  private static byte[] oneToken(InferenceRequest request, byte[] members) {
    return switch (request.api()) {
      case CHAT -> ONE_CHAT_TOKEN;
      case COMPLETIONS, MESSAGES -> ONE_TOKEN;
      case RESPONSES -> ONE_RESPONSE_TOKEN;
      case GENERATE ->
          (ONE_SAMPLED_TOKEN
                  + new String(members, 1, members.length - 1, StandardCharsets.UTF_8)
                  + "}},\"stream\":false")
              .getBytes(StandardCharsets.UTF_8);
      case SGLANG, EMBEDDINGS, OPAQUE ->
          throw new IllegalArgumentException("no legs: " + request.api());
    };
  }

  /** Where the object's closing brace is; only white space follows it. */
  private static int objectEnd(ByteBuf body) {
    for (int i = body.writerIndex() - 1; i >= body.readerIndex(); i--) {
      if (body.getByte(i) == '}') {
        return i;
      }
    }
    throw new IllegalArgumentException("the body is no JSON object");
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
