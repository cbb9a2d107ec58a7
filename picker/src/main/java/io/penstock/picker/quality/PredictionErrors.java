package io.penstock.picker.quality;

import io.penstock.picker.pool.Endpoint;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How right the predictions for one model on one endpoint were. Written by the control thread, read
 * by anyone.
 */
public final class PredictionErrors {

  private static final double[] SECONDS = {
    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30
  };
  private static final double[] TOKENS = {
    0, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 131072
  };

  private final Endpoint endpoint;
  private final String model;
  private final ErrorHistogram ttft = new ErrorHistogram(SECONDS);
  private final ErrorHistogram cachedTokens = new ErrorHistogram(TOKENS);
  private final AtomicLong requests = new AtomicLong();

  PredictionErrors(Endpoint endpoint, String model) {
    this.endpoint = endpoint;
    this.model = model;
  }

  /** The endpoint. */
  public Endpoint endpoint() {
    return endpoint;
  }

  /** The model, or {@link PoolQuality#OTHER_MODELS}. */
  public String model() {
    return model;
  }

  /** Attempts that ended well there, with or without a prediction to check. */
  public long requests() {
    return requests.get();
  }

  /** Of the time to first token, in seconds: of streams, and of prefills for other endpoints. */
  public ErrorHistogram ttft() {
    return ttft;
  }

  /** Of the cached tokens of prompts whose engine counted them. */
  public ErrorHistogram cachedTokens() {
    return cachedTokens;
  }

  void ended() {
    requests.setRelease(requests.getPlain() + 1);
  }
}
