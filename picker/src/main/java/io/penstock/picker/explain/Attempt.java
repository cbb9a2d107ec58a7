package io.penstock.picker.explain;

import io.penstock.picker.pool.Endpoint;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One sending of a request to an endpoint. Written by the request's event loop; what others read
 * meanwhile is at most a moment old.
 */
public final class Attempt {

  /** How far an attempt got. */
  public enum Progress {
    /** Sent, nothing came back yet. */
    WAITING,
    /** The answer has begun. */
    ANSWERING,
    /** The whole answer came. */
    COMPLETED,
    /** It failed. */
    FAILED,
    /** The client left. */
    ABORTED;

    /** As it is written in JSON. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What of the request it was. */
  public enum Leg {
    /** All of it. */
    WHOLE,
    /** The computation of its prompt, for another endpoint. */
    PREFILL,
    /** The answer, from a prompt that another endpoint has computed. */
    DECODE
  }

  private Leg leg;
  private Endpoint endpoint;
  private int predictedCachedTokens;
  private long predictedTtftNanos;
  private long startNanos;
  private long ttftNanos = -1;
  private long durationNanos = -1;
  private long transferNanos = -1;
  private int promptTokens = -1;
  private int cachedTokens = -1;
  private int completionTokens = -1;
  private @Nullable FailureKind failure;
  // Written last and read first, so that what led to a progress is seen with it.
  private volatile Progress progress = Progress.WAITING;

  /** An attempt that starts now. */
  public Attempt(
      Leg leg,
      Endpoint endpoint,
      int predictedCachedTokens,
      long predictedTtftNanos,
      long startNanos) {
    this.leg = leg;
    this.endpoint = endpoint;
    this.predictedCachedTokens = predictedCachedTokens;
    this.predictedTtftNanos = predictedTtftNanos;
    this.startNanos = startNanos;
  }

  /** The same, as it is now. */
  Attempt copy() {
    return new Attempt(leg, endpoint, 0, 0, 0).become(this);
  }

  /** Becomes the same as another. */
  Attempt become(Attempt other) {
    var itsProgress = other.progress;
    leg = other.leg;
    endpoint = other.endpoint;
    predictedCachedTokens = other.predictedCachedTokens;
    predictedTtftNanos = other.predictedTtftNanos;
    startNanos = other.startNanos;
    ttftNanos = other.ttftNanos;
    durationNanos = other.durationNanos;
    transferNanos = other.transferNanos;
    promptTokens = other.promptTokens;
    cachedTokens = other.cachedTokens;
    completionTokens = other.completionTokens;
    failure = other.failure;
    progress = itsProgress;
    return this;
  }

  /** How long a prompt's KV cache took from another endpoint; told before the first byte is. */
  public void transferred(long nanos) {
    transferNanos = nanos;
  }

  /** The first byte of the answer came. */
  public void firstByte(long nowNanos) {
    ttftNanos = nowNanos - startNanos;
    progress = Progress.ANSWERING;
  }

  /** The answer is complete; counts as the engine gave them, -1 where it did not. */
  public void completed(int prompt, int cached, int completion, long nowNanos) {
    promptTokens = prompt;
    cachedTokens = cached;
    completionTokens = completion;
    durationNanos = nowNanos - startNanos;
    progress = Progress.COMPLETED;
  }

  /** The attempt failed. */
  public void failed(FailureKind kind, long nowNanos) {
    failure = kind;
    durationNanos = nowNanos - startNanos;
    progress = Progress.FAILED;
  }

  /** The client left. */
  public void aborted(long nowNanos) {
    durationNanos = nowNanos - startNanos;
    progress = Progress.ABORTED;
  }

  /** What of the request it was. */
  public Leg leg() {
    return leg;
  }

  /** Where it was sent. */
  public Endpoint endpoint() {
    return endpoint;
  }

  /** How far it got. */
  public Progress progress() {
    return progress;
  }

  /** How it failed, null unless {@link Progress#FAILED}. */
  public @Nullable FailureKind failure() {
    return progress == Progress.FAILED ? failure : null;
  }

  /** The ticker's time when it was sent. */
  public long startNanos() {
    return startNanos;
  }

  /** Tokens of the prompt that the endpoint was believed to hold. */
  public int predictedCachedTokens() {
    return predictedCachedTokens;
  }

  /** Expected time to first token. */
  public long predictedTtftNanos() {
    return predictedTtftNanos;
  }

  /** Time to the first byte, -1 while there is none. */
  public long ttftNanos() {
    return progress == Progress.WAITING ? -1 : ttftNanos;
  }

  /**
   * What of the time to the first byte went into taking over the prompt's KV cache, the engine's
   * queue and memory included; -1 where that was not seen.
   */
  public long transferNanos() {
    return progress == Progress.WAITING ? -1 : transferNanos;
  }

  /** Whole time, -1 while it runs. */
  public long durationNanos() {
    return ended() ? durationNanos : -1;
  }

  /** Prompt tokens as the engine counted them, -1 if unknown. */
  public int promptTokens() {
    return ended() ? promptTokens : -1;
  }

  /** Prompt tokens the engine really had cached, -1 if unknown. */
  public int cachedTokens() {
    return ended() ? cachedTokens : -1;
  }

  /** Generated tokens as the engine counted them, -1 if unknown. */
  public int completionTokens() {
    return ended() ? completionTokens : -1;
  }

  /** Whether nothing of it changes any more. */
  boolean ended() {
    return switch (progress) {
      case WAITING, ANSWERING -> false;
      case COMPLETED, FAILED, ABORTED -> true;
    };
  }
}
