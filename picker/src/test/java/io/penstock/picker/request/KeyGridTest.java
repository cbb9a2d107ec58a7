package io.penstock.picker.request;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyGridTest {

  @ParameterizedTest
  @CsvSource({"0,0", "1,1", "32,32", "33,32", "34,33", "64,48", "128,64", "1600,121", "16384,176"})
  void aPromptHasAKeyForEachBlockAndThenSixteenToADoubling(int blocks, int keys) {
    assertThat(KeyGrid.keys(blocks)).isEqualTo(keys);
  }

  @Test
  void keysAndBlocksAgree() {
    for (int keys = 1; keys < 300; keys++) {
      int blocks = KeyGrid.blocks(keys);

      assertThat(KeyGrid.keys(blocks)).isEqualTo(keys);
      assertThat(KeyGrid.keys(blocks - 1)).isEqualTo(keys - 1);
      assertThat(blocks - KeyGrid.blocks(keys - 1)).isEqualTo(1 << KeyGrid.level(keys - 1));
    }
  }

  @Test
  void whatNoKeyNamesIsLessThanASixteenth() {
    for (int blocks = 1; blocks < 200_000; blocks++) {
      int named = KeyGrid.blocks(KeyGrid.keys(blocks));

      assertThat(named).isLessThanOrEqualTo(blocks);
      assertThat((blocks - named) * 16).isLessThanOrEqualTo(blocks);
    }
  }
}
