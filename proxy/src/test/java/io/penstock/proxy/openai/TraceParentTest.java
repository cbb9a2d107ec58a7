package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {

  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String SPAN = "b7ad6b7169203331";

  @Test
  void a_valid_header_is_read_and_written_as_it_was() {
    var header = "00-" + TRACE + "-" + SPAN + "-01";
    var read = TraceParent.parse(header);

    assertThat(read).isEqualTo(new TraceParent(TRACE, SPAN, true));
    assertThat(read.header()).isEqualTo(header);
    assertThat(TraceParent.parse("00-" + TRACE + "-" + SPAN + "-02").sampled()).isFalse();
  }

  @Test
  void a_later_version_may_say_more() {
    assertThat(TraceParent.parse("cc-" + TRACE + "-" + SPAN + "-01-what-comes"))
        .isEqualTo(new TraceParent(TRACE, SPAN, true));
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "00",
        "00-" + TRACE + "-" + SPAN,
        "00-" + TRACE + "-" + SPAN + "-1",
        "00-" + TRACE + "-" + SPAN + "-0x",
        "00-" + TRACE + "-" + SPAN + "-01-more",
        "cc-" + TRACE + "-" + SPAN + "-01.more",
        "ff-" + TRACE + "-" + SPAN + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + SPAN + "-01",
        "00-00000000000000000000000000000000-" + SPAN + "-01",
        "00-" + TRACE + "-0000000000000000-01",
        "00_" + TRACE + "-" + SPAN + "-01",
        "00-" + TRACE + "_" + SPAN + "-01",
        "00-" + TRACE + "-" + SPAN + "_01",
      })
  void anything_else_is_none(String header) {
    assertThat(TraceParent.parse(header)).isNull();
  }
}
