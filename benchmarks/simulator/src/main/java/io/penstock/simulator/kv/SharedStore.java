package io.penstock.simulator.kv;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A store of prompts' KV cache that pods share, as vLLM's ExampleConnector keeps in a folder: whole
 * prompts, found by their tokens. Thread-safe; a full store takes no more.
 */
public final class SharedStore {

  private static final int MOST_PROMPTS = 100_000;

  private final Set<Long> prompts = ConcurrentHashMap.newKeySet();

  SharedStore() {}

  /** Keeps the cache of the prompt with that fingerprint. */
  void put(long fingerprint) {
    if (prompts.size() < MOST_PROMPTS) {
      prompts.add(fingerprint);
    }
  }

  /** Whether it has it. */
  boolean has(long fingerprint) {
    return prompts.contains(fingerprint);
  }
}
