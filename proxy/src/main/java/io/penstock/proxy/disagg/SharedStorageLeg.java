package io.penstock.proxy.disagg;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.random.RandomGenerator;

/**
 * A store that all pods share, as vLLM's ExampleConnector or LMCache: the prefill writes the prompt
 * there, and the decode finds it by its tokens. Stateless; nothing is handed over, and no pod holds
 * anything for another.
 */
final class SharedStorageLeg implements PrefillLeg {

  /** Engines that know it would otherwise refuse to compute what the store does not have. */
  private static final String NO_THRESHOLD = ",\"cache_hit_threshold\":0";

  @Override
  public boolean concurrent() {
    return false;
  }

  @Override
  public boolean holdsPrompts() {
    return false;
  }

  @Override
  public Transfer transfer(InferenceRequest request, Endpoint prefill, RandomGenerator random) {
    return new KnownTransfer(request, true, NO_THRESHOLD, NO_THRESHOLD);
  }
}
