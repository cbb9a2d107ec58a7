package io.penstock.tools.replay;

import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineClock;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.tools.replay.trace.TraceRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The engines of a replay. Confined to the replay's thread.
 *
 * <p>An engine is the simulator's {@link Engine}: chunked prefill within a token budget, decodes
 * first, prefix match at admission, preemption when blocks run out, and the step time of {@link
 * EngineProfile}. Its blocks are as long as a trace's, 512 tokens, so a prompt is cached by whole
 * blocks of the trace; a real engine with 16-token blocks would find up to one trace block more.
 * Tokens of a prompt are its block ids, each 512 times.
 */
final class Pods {

  private final ReplayConfig config;
  private final List<Engine> engines = new ArrayList<>();
  private final List<Integer> live = new ArrayList<>();
  private @Nullable TraceRequest lastRequest;
  private int[] lastPrompt = {};

  /**
   * Idle engines with empty caches.
   *
   * @param longestTokens most tokens of a request, prompt and output together
   * @throws IllegalArgumentException if such a request does not fit into a cache
   */
  Pods(ReplayConfig config, int longestTokens, EngineClock clock) {
    this.config = config;
    for (int i = 0; i < config.pods(); i++) {
      engines.add(
          new Engine(
              EngineConfig.builder(config.profile(i))
                  .blockSize(TraceRequest.BLOCK_TOKENS)
                  .numGpuBlocks(config.cacheBlocks())
                  .maxModelLen(longestTokens + 1)
                  .build(),
              clock));
      live.add(i);
    }
  }

  Engine engine(int pod) {
    return engines.get(pod);
  }

  int count() {
    return engines.size();
  }

  /** Pods that work, ascending. */
  List<Integer> live() {
    return live;
  }

  void lose(int pod) {
    live.removeIf(other -> other == pod);
  }

  /** Token ids of the request's prompt; made once while the same request is asked for. */
  int[] prompt(TraceRequest request) {
    if (request != lastRequest) {
      int[] prompt = new int[request.promptTokens()];
      for (int i = 0; i < request.blocks(); i++) {
        int from = i * TraceRequest.BLOCK_TOKENS;
        int to = Math.min(from + TraceRequest.BLOCK_TOKENS, prompt.length);
        Arrays.fill(prompt, from, to, request.block(i));
      }
      lastRequest = request;
      lastPrompt = prompt;
    }
    return lastPrompt;
  }

  /** Tokens of the request's prompt that the pod's cache holds now. */
  int cachedTokens(int pod, TraceRequest request) {
    return engines.get(pod).cachedTokens(prompt(request));
  }

  /** Seconds of computing a prompt of which so much is cached, alone on that pod. */
  double prefillSeconds(int pod, int promptTokens, int cachedTokens) {
    return config.profile(pod).chunkSeconds(promptTokens - cachedTokens, cachedTokens);
  }
}
