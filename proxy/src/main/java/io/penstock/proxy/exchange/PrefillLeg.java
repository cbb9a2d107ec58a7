package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How the pods of a pool hand prompts to each other: what the pod that computes one is sent, and
 * what the pod that answers from it. One per pool; thread-safe. Implemented in {@code
 * proxy.disagg}, once for each connector.
 */
public interface PrefillLeg {

  /** Whether both pods are asked at the same time, rather than one after the other. */
  boolean concurrent();

  /**
   * Whether a prompt that was computed stays in the memory of its pod until another pod reads it,
   * so that it must be read, or released, whatever becomes of the request.
   */
  boolean holdsPrompts();

  /**
   * Begins to hand over one prompt.
   *
   * @param prefill who computes it
   * @param random the source of ids
   * @return null while that pod cannot hand prompts over
   */
  @Nullable Transfer transfer(InferenceRequest request, Endpoint prefill, RandomGenerator random);

  /** A transfer from that pod failed: what was known of it may be so no more. */
  default void doubt(Endpoint prefill) {}

  /**
   * One prompt on its way from one pod to another. Confined to the exchange's event loop. Bodies
   * given are borrowed, bodies returned belong to the caller and share the bytes of those given.
   */
  interface Transfer {

    /** What the pod that computes the prompt is sent. */
    ByteBuf prefillBody(ByteBuf body);

    /**
     * Takes its answer, where the pods are asked one after the other.
     *
     * @return whether there is a prompt to hand over
     */
    boolean take(byte[] answer, int length);

    /** What the pod that answers is sent. */
    ByteBuf decodeBody(ByteBuf body);

    /** The same for an answer of one token: what gives the prompt up when nobody waits for it. */
    ByteBuf releaseBody(ByteBuf body);

    /** Which of the engines behind the prefill's address is asked, empty where there is one. */
    default String prefillRank() {
      return "";
    }

    /** Tokens of the prompt as its pod counted them, -1 if unknown. */
    int promptTokens();

    /** Tokens of the prompt that its pod had cached, -1 if unknown. */
    int cachedTokens();
  }
}
