package io.penstock.proxy.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.penstock.picker.request.ApiKind;
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
    assertThat(set(ApiKind.CHAT, given, count)).isEqualTo(given.isEmpty() ? "" : after);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'usage':{'input_tokens':16,'output_tokens':5,'cache_read_input_tokens':9984}} |"
            + " {'usage':{'input_tokens':10000,'output_tokens':5,'cache_read_input_tokens':0}} | 0",
        "{'usage': {'input_tokens': 500,'cache_read_input_tokens': 500}} |"
            + " {'usage': {'input_tokens': 1000,'cache_read_input_tokens': 0 }} | 0",
        "{'usage':{'input_tokens':900,'cache_read_input_tokens':1000},'x':1} |"
            + " {'usage':{'input_tokens':1800,'cache_read_input_tokens':100},'x':1} | 100",
        "{'usage':{'input_tokens':1,'cache_read_input_tokens':9},'usage':{'input_tokens':0,'cache_read_input_tokens':8}} |"
            + " {'usage':{'input_tokens':8,'cache_read_input_tokens':2},'usage':{'input_tokens':6,'cache_read_input_tokens':2}} | 2",
      })
  void sets_both_numbers_of_a_message_where_they_fit(String before, String after, int count) {
    assertThat(set(ApiKind.MESSAGES, before, count)).isEqualTo(after.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'usage':{'input_tokens':16,'cache_read_input_tokens':9984}} | 5000",
        "{'usage':{'input_tokens':16,'cache_read_input_tokens':9984}} | 20000",
        "{'usage':{'input_tokens':16,'cache_read_input_tokens':9984 | 0",
        "{'usage':{'input_tokens':16,'cache_read_input_tokens':null}} | 0",
        "{'usage':{'input_tokens':16,'output_tokens':1}} | 0",
        "{'usage':{'input_tokens':12345678901,'cache_read_input_tokens':9984}} | 0",
        "{'usage':null,'x':{'input_tokens':16,'cache_read_input_tokens':9984}} | 0",
        "{'input':{'input_tokens':16,'cache_read_input_tokens':9984,'cached_tokens':5}} | 0",
        "{'usage': | 0",
      })
  void leaves_both_numbers_of_a_message_as_they_came(String given, int count) {
    assertThat(set(ApiKind.MESSAGES, given, count)).isEqualTo(given.replace('\'', '"'));
  }

  private static String set(ApiKind api, String text, int count) {
    var bytes = Unpooled.directBuffer().writeBytes(text.replace('\'', '"').getBytes(UTF_8));
    try {
      CachedTokens.set(api, bytes, bytes.readerIndex(), bytes.writerIndex(), count);
      return bytes.toString(UTF_8);
    } finally {
      bytes.release();
    }
  }
}
