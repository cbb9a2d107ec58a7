package io.penstock.cli;

import io.penstock.simulator.text.ChatTemplate;
import io.penstock.simulator.text.Message;
import io.penstock.simulator.text.Tokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What one cache without bounds in front of all pods would have saved: the yardstick of the demo's
 * hit share. Not thread-safe.
 */
final class InfiniteCache {

  private static final int BLOCK_TOKENS = 16;

  private final Set<Long> chains = new HashSet<>();
  private long possible;

  /** A prompt arrives: counts what was seen before of it, and knows it from now on. */
  void ask(List<DemoConversation.Message> messages) {
    int[] tokens = tokens(messages, true);
    int seen = 0;
    boolean unbroken = true;
    long chain = 1;
    for (int block = 0; (block + 1) * BLOCK_TOKENS <= tokens.length; block++) {
      chain = extend(chain, tokens, block);
      boolean known = !chains.add(chain);
      unbroken &= known;
      // The last token is computed in any case, so a block that holds it is never a hit.
      if (unbroken && (block + 1) * BLOCK_TOKENS < tokens.length) {
        seen += BLOCK_TOKENS;
      }
    }
    possible += seen;
  }

  /** An answer is complete: what was generated is known too. */
  void answered(List<DemoConversation.Message> messages) {
    int[] tokens = tokens(messages, false);
    long chain = 1;
    for (int block = 0; (block + 1) * BLOCK_TOKENS <= tokens.length; block++) {
      chain = extend(chain, tokens, block);
      chains.add(chain);
    }
  }

  /** Tokens that would have been found. */
  long possibleTokens() {
    return possible;
  }

  private static int[] tokens(List<DemoConversation.Message> messages, boolean prompt) {
    var rendered =
        messages.stream().map(message -> new Message(message.role(), message.content())).toList();
    return Tokenizer.encode(ChatTemplate.render(rendered, prompt));
  }

  private static long extend(long chain, int[] tokens, int block) {
    long hash = chain;
    for (int i = block * BLOCK_TOKENS; i < (block + 1) * BLOCK_TOKENS; i++) {
      hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }
}
