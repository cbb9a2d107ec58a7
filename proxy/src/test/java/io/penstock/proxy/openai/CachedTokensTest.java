package io.penstock.proxy.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The number is set in place, and nothing else is. */
class CachedTokensTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{\"cached_tokens\":1280}|{\"cached_tokens\":16  }|16",
        "{\"cached_tokens\": 1280,\"x\":1}|{\"cached_tokens\": 0   ,\"x\":1}|0",
        "{\"cached_tokens\":12},{\"cached_tokens\":99}|{\"cached_tokens\":7 },{\"cached_tokens\":7 }|7",
        "{\"cached_tokens\":1280}|{\"cached_tokens\":1234}|1234",
        "{\"cached_tokens\":9}|{\"cached_tokens\":9}|10",
        "{\"cached_tokens\":null}|{\"cached_tokens\":null}|10",
        "{\"content\":\"\\\"cached_tokens\\\":5\"}|{\"content\":\"\\\"cached_tokens\\\":5\"}|1",
        "{\"cached_tokens\":12|{\"cached_tokens\":12|7",
        "\"cached_tokens\":|\"cached_tokens\":|7",
        "|''|7"
      })
  void sets_the_number_and_keeps_the_length(String before, String after, int count) {
    String given = before == null ? "" : before;
    var bytes = Unpooled.directBuffer().writeBytes(given.getBytes(UTF_8));
    try {
      CachedTokens.set(bytes, bytes.readerIndex(), bytes.writerIndex(), count);
      assertThat(bytes.toString(UTF_8)).isEqualTo(given.isEmpty() ? "" : after);
    } finally {
      bytes.release();
    }
  }
}
