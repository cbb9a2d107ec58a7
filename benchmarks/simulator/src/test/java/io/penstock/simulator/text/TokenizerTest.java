package io.penstock.simulator.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TokenizerTest {

  private static final String[] PARTS = {
    "kalo",
    " minem",
    "<|user|>",
    "</s>",
    "<",
    "|",
    ">",
    " ",
    "  ",
    "\n",
    "é",
    "日本",
    "😀",
    "42",
    "1234567",
    "HTTP",
    "iPhone",
    "Zoë",
    "a",
    " B",
    "{\"x\": [1, 2]}",
    "\u0000",
    "."
  };

  @Test
  void losesNothingOfAnyText() {
    var random = new SplittableRandom(11);
    for (int round = 0; round < 2_000; round++) {
      var text = new StringBuilder();
      for (int i = random.nextInt(12); i > 0; i--) {
        text.append(PARTS[random.nextInt(PARTS.length)]);
      }
      int[] tokens = Tokenizer.encode(text.toString());
      assertThat(Tokenizer.decode(tokens)).as("round %s", round).isEqualTo(text.toString());
      assertThat(Arrays.stream(tokens))
          .allMatch(token -> token >= 0 && token < Tokenizer.vocabularySize());
    }
  }

  @Test
  void everyTokenButTheBytesOfOtherScriptsIsItsOwnEncoding() {
    for (int token = 0; token < Tokenizer.vocabularySize(); token++) {
      if (token < 8 + 128 || token >= 8 + 256) {
        int[] again = Tokenizer.encode(Tokenizer.decode(token));
        if (!isLoneLetterOrDigit(token)) {
          assertThat(again).containsExactly(token);
        }
      }
    }
  }

  private static boolean isLoneLetterOrDigit(int token) {
    return token >= 8 && token < 8 + 128 && Character.isLetterOrDigit(token - 8);
  }

  @Test
  void generatedTextIsEncodedToTheTokensItWasMadeOf() {
    var random = new SplittableRandom(5);
    for (int round = 0; round < 500; round++) {
      int[] generated = generate(random, 1 + random.nextInt(60));
      assertThat(Tokenizer.encode(Tokenizer.decode(generated)))
          .as("round %s", round)
          .isEqualTo(generated);
    }
  }

  @Test
  void theNextTurnBeginsWithTheTokensOfThisTurnAndItsAnswer() {
    var random = new SplittableRandom(9);
    List<Message> conversation = new ArrayList<>();
    conversation.add(new Message("system", "You are a helpful assistant"));
    for (int turn = 0; turn < 20; turn++) {
      conversation.add(new Message("user", "what is " + turn + " more than 7"));
      int[] prompt = Tokenizer.encode(ChatTemplate.render(conversation, true));
      int[] answer = generate(random, 1 + random.nextInt(40));
      conversation.add(new Message("assistant", Tokenizer.decode(answer)));

      int[] known = Arrays.copyOf(prompt, prompt.length + answer.length + 1);
      System.arraycopy(answer, 0, known, prompt.length, answer.length);
      known[known.length - 1] = Tokenizer.EOS;
      assertThat(Tokenizer.encode(ChatTemplate.render(conversation, true))).startsWith(known);
    }
  }

  @Test
  void takesWordsInPiecesOfThreeLettersWithTheSpaceInFront() {
    assertThat(strings("kalo minem HTTP 2026!"))
        .containsExactly("kal", "o", "Ġmin", "em", "ĠH", "T", "T", "P", "Ġ", "202", "6", "!");
  }

  @Test
  void findsSpecialTokensInText() {
    assertThat(Tokenizer.encode("<|user|></s><|assistant|>")).containsExactly(3, 2, 4);
  }

  @Test
  void refusesTokensThatAreNotInTheVocabulary() {
    assertThatThrownBy(() -> Tokenizer.decode(99_999))
        .hasMessage("Token id 99999 is out of vocabulary");
  }

  private static List<String> strings(String text) {
    return Arrays.stream(Tokenizer.encode(text)).mapToObj(Tokenizer::tokenString).toList();
  }

  private static int[] generate(SplittableRandom random, int count) {
    int[] tokens = new int[count];
    int previous = -1;
    for (int i = 0; i < count; i++) {
      previous = TextGenerator.next(random.nextLong(), previous);
      tokens[i] = previous;
    }
    return tokens;
  }
}
