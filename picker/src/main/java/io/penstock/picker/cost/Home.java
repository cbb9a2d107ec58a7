package io.penstock.picker.cost;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Candidates;

/**
 * Where gateways that share nothing would each put a prompt that is new to them: the candidate with
 * the greatest hash of the prompt's beginning and its own id (rendezvous hashing). All of them name
 * the same one as long as they see the same endpoints, so what one has sent there the others find.
 * Stateless.
 */
final class Home {

  /** The key that names the first 2,048 tokens or so; of shorter prompts their last. */
  private static final int KEY = 31;

  private Home() {}

  /** The candidate, -1 when the prompt has no key or there is no candidate. */
  static int of(PromptKeys keys, Candidates candidates) {
    if (keys.count() == 0) {
      return -1;
    }
    long prompt = keys.key(Math.min(KEY, keys.count() - 1));
    int home = -1;
    long greatest = -1;
    for (int i = 0; i < candidates.count(); i++) {
      long hash = hash(prompt, candidates.endpoint(i).id());
      if (hash > greatest) {
        greatest = hash;
        home = i;
      }
    }
    return home;
  }

  /** At least 0. The ids' own hash is fixed by the platform, the same in every process. */
  private static long hash(long prompt, EndpointId id) {
    long z = prompt ^ id.value().hashCode() * 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (z ^ (z >>> 31)) >>> 1;
  }
}
