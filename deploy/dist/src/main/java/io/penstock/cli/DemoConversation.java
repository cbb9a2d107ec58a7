package io.penstock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * One conversation of the demo: a system prompt that others share, and turns that repeat all turns
 * before. Confined to the thread that talks.
 */
final class DemoConversation {

  private static final String[] TRADES = {"librarian", "gardener", "navigator", "clockmaker"};
  private static final String[] WORDS = {
    "river", "lantern", "copper", "harvest", "meadow", "signal", "harbor", "velvet", "granite",
    "compass", "orchard", "thunder", "willow", "ember", "quartz", "saddle", "marble", "canyon"
  };

  /** One message of a chat. */
  record Message(String role, String content) {}

  private final List<Message> messages = new ArrayList<>();
  private final RandomGenerator random;

  /**
   * A conversation that has only its system prompt.
   *
   * @param topic which of the four system prompts, 0..3
   * @param random draws the user's words; conversations differ by it
   */
  DemoConversation(int topic, RandomGenerator random) {
    this.random = random;
    messages.add(new Message("system", systemPrompt(topic)));
  }

  /** The user says something more. */
  void ask() {
    messages.add(new Message("user", sentence(random, 40)));
  }

  /** The assistant's answer becomes part of the next prompt. */
  void answered(String text) {
    messages.add(new Message("assistant", text));
  }

  /** Everything said so far, oldest first. */
  List<Message> messages() {
    return List.copyOf(messages);
  }

  private static String systemPrompt(int topic) {
    var drawn = new SplittableRandom(topic);
    var text = new StringBuilder("You are a " + TRADES[topic] + ". Keep to these rules.");
    for (int rule = 1; rule <= 20; rule++) {
      text.append(' ').append(rule).append(". ").append(sentence(drawn, 12)).append('.');
    }
    return text.toString();
  }

  private static String sentence(RandomGenerator random, int words) {
    var text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
    }
    return text.toString();
  }
}
