package io.penstock.simulator.text;

import java.util.List;

/**
 * Writes a conversation as the one text the model continues: {@code <|role|>content</s>} for each
 * message.
 *
 * <p>Stateless. What is rendered for a turn with the generation prompt, then the answer and the end
 * token, is how the rendering of the next turn begins; so the next turn finds the whole turn's
 * blocks in an engine's cache.
 */
public final class ChatTemplate {

  private ChatTemplate() {}

  /**
   * The text of a conversation.
   *
   * @param addGenerationPrompt whether the assistant's next message is begun
   */
  public static String render(List<Message> messages, boolean addGenerationPrompt) {
    int length = 16;
    for (Message message : messages) {
      length += message.role().length() + message.content().length() + 8;
    }
    var text = new StringBuilder(length);
    for (Message message : messages) {
      text.append("<|").append(message.role()).append("|>");
      text.append(message.content()).append("</s>");
    }
    if (addGenerationPrompt) {
      text.append("<|assistant|>");
    }
    return text.toString();
  }
}
