package io.penstock.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The demo's own clients: twenty conversations over four system prompts, turn by turn, a few at a
 * time. One virtual thread a conversation.
 */
final class DemoTraffic {

  static final int CONVERSATIONS = 20;
  private static final int TOPICS = 4;
  private static final int AT_ONCE = 6;
  private static final int ANSWER_TOKENS = 24;

  private final ChatClient client;
  private final int requests;
  private final @Nullable PrintWriter progress;
  private final InfiniteCache cache = new InfiniteCache();
  private final AtomicInteger finished = new AtomicInteger();

  /**
   * One request that was answered.
   *
   * @param ttftNanos from sending to the first text
   */
  record Sample(String requestId, long ttftNanos) {}

  /**
   * Traffic to come.
   *
   * @param progress a terminal to show progress on, or null
   */
  DemoTraffic(ChatClient client, int requests, @Nullable PrintWriter progress) {
    this.client = client;
    this.requests = requests;
    this.progress = progress;
  }

  /** Runs all conversations; fails with the first request that fails. */
  List<Sample> run() throws IOException, InterruptedException {
    var places = new Semaphore(AT_ONCE);
    List<Future<List<Sample>>> conversations = new ArrayList<>();
    List<Sample> samples = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < CONVERSATIONS; i++) {
        int number = i;
        int turns = requests / CONVERSATIONS + (i < requests % CONVERSATIONS ? 1 : 0);
        Callable<List<Sample>> talk = () -> talk(number, turns, places);
        conversations.add(threads.submit(talk));
      }
      for (var conversation : conversations) {
        samples.addAll(conversation.get());
      }
    } catch (ExecutionException e) {
      throw new IOException("a request of the demo failed: " + e.getMessage(), e);
    }
    return samples;
  }

  private List<Sample> talk(int number, int turns, Semaphore places)
      throws IOException, InterruptedException {
    var conversation = new DemoConversation(number % TOPICS, new SplittableRandom(number));
    List<Sample> samples = new ArrayList<>();
    for (int turn = 0; turn < turns; turn++) {
      places.acquire();
      try {
        conversation.ask();
        String id = "demo-" + number + "-" + turn;
        synchronized (cache) {
          cache.ask(conversation.messages());
        }
        var answer = client.ask(id, conversation.messages(), ANSWER_TOKENS);
        conversation.answered(answer.text());
        synchronized (cache) {
          cache.answered(conversation.messages());
        }
        samples.add(new Sample(id, answer.ttftNanos()));
      } finally {
        places.release();
      }
      tell(finished.incrementAndGet());
    }
    return samples;
  }

  private void tell(int done) {
    if (progress != null) {
      progress.print("\r" + done + " of " + requests + " requests");
      progress.flush();
    }
  }

  /** Cached tokens that one infinite cache would have given. */
  long possibleTokens() {
    synchronized (cache) {
      return cache.possibleTokens();
    }
  }
}
