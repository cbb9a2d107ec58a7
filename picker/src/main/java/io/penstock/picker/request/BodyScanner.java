package io.penstock.picker.request;

import io.penstock.picker.request.ScanResult.Kind;
import io.penstock.picker.request.ScanResult.Malformed;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Scans the JSON body of an inference request once, as it arrives in pieces cut anywhere, into an
 * {@link InferenceRequest}. Builds no tree and keeps no copy of the body; unknown members are none
 * of its business as long as they are JSON.
 *
 * <p>A member it relies on may be there once only, and must have a type the engines accept. Null
 * counts as absent where the engines say so. An integer may be written {@code 4.0}, not {@code
 * 4e0}.
 *
 * <h2>Keys</h2>
 *
 * <p>The prompt is hashed in the same pass, as raw bytes in chained blocks ({@link PromptReader}
 * says which bytes). What stands in front of it in the engine's template but anywhere in the JSON
 * (model, tools, salt, template settings) is hashed by itself into a root, and mixed into every key
 * at the end, so that the order of members does not matter. {@code instructions} and {@code system}
 * are in front of the messages: their blocks' keys come first, and their digest is in the root of
 * the keys that follow.
 *
 * <p>Confined to one event loop, which may keep it for the next body ({@link #reset}). Costs about
 * 0.25 ns per byte and allocates nothing per piece.
 */
public final class BodyScanner {

  /** Members that steer engines and transfers between them, which clients may not send. */
  public static final Set<String> ENGINE_MEMBERS =
      Set.of(
          "kv_transfer_params",
          "ec_transfer_params",
          "bootstrap_host",
          "bootstrap_port",
          "bootstrap_room",
          "nvext",
          "data_parallel_rank");

  private static final Map<ApiKind, MemberTable> USUAL = MemberTable.all(ENGINE_MEMBERS);

  /** Scanned, then hashed while still in the first-level cache. */
  private static final int STEP_BYTES = 8_192;

  private final ScanLimits limits;
  private final HashedRegion region = new HashedRegion();
  private final BodyMembers members;
  private final JsonTokenizer tokenizer;
  private int bodyBytes;

  /** A scanner that strips {@link #ENGINE_MEMBERS}; {@link #reset} it before its first body. */
  public BodyScanner(ScanLimits limits) {
    this(limits, USUAL);
  }

  /**
   * A scanner that must be {@link #reset} before its first body.
   *
   * @param strippedMembers names of top-level members to report in {@link
   *     InferenceRequest#stripSpans}; they mean nothing else
   */
  public BodyScanner(ScanLimits limits, Set<String> strippedMembers) {
    this(limits, MemberTable.all(strippedMembers));
  }

  private BodyScanner(ScanLimits limits, Map<ApiKind, MemberTable> tables) {
    this.limits = limits;
    members = new BodyMembers(limits, tables, region);
    tokenizer = members.tokenizer();
  }

  /** Makes ready for a body of {@code api}, whatever became of the last. */
  public void reset(ApiKind api) {
    region.reset();
    members.reset(api);
    tokenizer.reset();
    bodyBytes = 0;
  }

  /**
   * Scans the next piece; borrows the buffer for the time of the call.
   *
   * @return false once the body is found malformed; what comes after is ignored
   */
  public boolean feed(byte[] buffer, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, buffer.length);
    if (length > limits.maxBodyBytes() - bodyBytes) {
      tokenizer.fail(
          Kind.TOO_LARGE, null, bodyBytes, "longer than " + limits.maxBodyBytes() + " bytes");
    }
    int end = offset + length;
    for (int i = offset; i < end && !tokenizer.failed(); i += STEP_BYTES) {
      int stepEnd = i + Math.min(end - i, STEP_BYTES);
      region.pieceStart(buffer, i, bodyBytes);
      tokenizer.feed(buffer, i, stepEnd, bodyBytes);
      region.pieceEnd(stepEnd);
      bodyBytes += stepEnd - i;
    }
    return !tokenizer.failed();
  }

  /** The body is over; {@link #reset} must come before the next. */
  public ScanResult finish() {
    return finish(SentModel.AS_NAMED);
  }

  /**
   * The body is over; the engine will be asked for another model than the body names.
   *
   * @param sentModel gives the model that is asked for in place of the one named; the keys are
   *     those of the prompt there
   */
  public ScanResult finish(SentModel sentModel) {
    Malformed malformed = tokenizer.finish(bodyBytes);
    return malformed != null ? malformed : members.finish(bodyBytes, sentModel);
  }

  /**
   * The same where the body may go on but nothing more of it comes: the request as far as it is
   * known by then, with the keys of that much of its prompt.
   *
   * @return null where the body goes on and what came names no model
   */
  public @Nullable ScanResult finishCut(SentModel sentModel) {
    if (tokenizer.ended() || tokenizer.failed()) {
      return finish(sentModel);
    }
    return members.finish(bodyBytes, sentModel) instanceof ScanResult.Scanned known ? known : null;
  }

  /**
   * What is to be blanked in a body that is JSON but no request, as it names no model; of one that
   * is found malformed nothing is.
   */
  public List<ByteSpan> stripSpans() {
    return tokenizer.failed() ? List.of() : members.stripSpans();
  }
}
