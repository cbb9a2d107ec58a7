package io.penstock.tools.load;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Conversations that share prefixes: a request is a group's system prompt and a question nobody
 * asked before. A share of the requests has a system prompt of its own instead, so that nothing of
 * it can be cached.
 *
 * <p>All text is built before the run; a request costs the 16 bytes that make it unique.
 */
public final class Conversations implements RequestSource {

  private final List<OutgoingBody> shared = new ArrayList<>();
  private final List<OutgoingBody> distinct = new ArrayList<>();
  private final double sharedShare;
  private final SplittableRandom random;
  private final long nonceBase;
  private long sent;

  /**
   * What the conversations look like.
   *
   * @param groups how many system prompts there are, 1..10,000
   * @param prefixBytes of a system prompt, at least 16
   * @param questionBytes of a question, at least 16
   * @param outputTokens asked for, at least 1
   * @param sharedShare share of the requests that use their group's prompt, 0..1
   * @param seed of texts and order: runs of equal seeds send equal prompts
   */
  public record Shape(
      int groups,
      int prefixBytes,
      int questionBytes,
      int outputTokens,
      double sharedShare,
      long seed) {

    /** Checks the ranges. */
    public Shape {
      check("groups", groups, 1, 10_000);
      check("prefixBytes", prefixBytes, OutgoingBody.NONCE_BYTES, 64 << 20);
      check("questionBytes", questionBytes, OutgoingBody.NONCE_BYTES, 64 << 20);
      check("outputTokens", outputTokens, 1, 1_000_000);
      if (!(sharedShare >= 0 && sharedShare <= 1)) {
        throw new IllegalArgumentException("sharedShare is " + sharedShare + ", allowed: 0 to 1");
      }
      if ((long) groups * (prefixBytes + questionBytes) > 1L << 30) {
        throw new IllegalArgumentException(
            "groups times the length of a prompt is above 1 GiB of prepared text");
      }
    }

    /**
     * A shape whose bodies are exactly {@code bodyBytes} long.
     *
     * @param prefixShare part of the prompt that is the system prompt, 0..1
     * @throws IllegalArgumentException if the body is too small for the JSON around the prompt
     */
    public static Shape ofBody(
        ChatBody chat,
        int bodyBytes,
        int groups,
        double prefixShare,
        int outputTokens,
        double sharedShare,
        long seed) {
      int around = chat.head().length + chat.between().length + chat.tail(outputTokens).length;
      int prompt = bodyBytes - around;
      if (prompt < 2 * OutgoingBody.NONCE_BYTES) {
        throw new IllegalArgumentException(
            "a body of "
                + bodyBytes
                + " bytes is too small, allowed: at least "
                + (around + 2 * OutgoingBody.NONCE_BYTES));
      }
      int least = OutgoingBody.NONCE_BYTES;
      int prefix = Math.clamp(Math.round(prompt * prefixShare), least, prompt - least);
      return new Shape(groups, prefix, prompt - prefix, outputTokens, sharedShare, seed);
    }

    private static void check(String name, int value, int least, int most) {
      if (value < least || value > most) {
        throw new IllegalArgumentException(
            name + " is " + value + ", allowed: " + least + " to " + most);
      }
    }
  }

  /** Builds the texts. */
  public Conversations(ChatBody chat, Shape shape) {
    sharedShare = shape.sharedShare;
    random = new SplittableRandom(shape.seed);
    nonceBase = Words.mix(shape.seed);
    for (int group = 0; group < shape.groups; group++) {
      byte[] body = body(chat, shape, group);
      int prefix = chat.head().length;
      int question = prefix + shape.prefixBytes + chat.between().length;
      if (sharedShare > 0) {
        shared.add(new OutgoingBody(body, question));
      }
      if (sharedShare < 1 && group == 0) {
        distinct.add(new OutgoingBody(body, prefix));
      }
    }
  }

  @Override
  public OutgoingBody next() {
    long nonce = Words.mix(nonceBase + sent++);
    boolean own = shared.isEmpty() || (!distinct.isEmpty() && random.nextDouble() >= sharedShare);
    return own
        ? distinct.getFirst().with(nonce)
        : shared.get(random.nextInt(shared.size())).with(nonce);
  }

  @Override
  public void close() {
    shared.forEach(OutgoingBody::close);
    distinct.forEach(OutgoingBody::close);
  }

  private static byte[] body(ChatBody chat, Shape shape, int group) {
    byte[] head = chat.head();
    byte[] between = chat.between();
    byte[] tail = chat.tail(shape.outputTokens);
    int prefixEnd = head.length + shape.prefixBytes;
    int question = prefixEnd + between.length;
    int questionEnd = question + shape.questionBytes;
    byte[] body = new byte[questionEnd + tail.length];
    System.arraycopy(head, 0, body, 0, head.length);
    Words.fill(body, head.length, prefixEnd, Words.mix(shape.seed) + 2L * group);
    System.arraycopy(between, 0, body, prefixEnd, between.length);
    Words.fill(body, question, questionEnd, Words.mix(shape.seed) + 2L * group + 1);
    System.arraycopy(tail, 0, body, questionEnd, tail.length);
    return body;
  }
}
