package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code docs/errors.md} says what the catalogue says. */
class ErrorPageTest {

  @Test
  void the_page_has_one_row_for_each_error() throws Exception {
    var page = new StringBuilder();
    page.append("# Errors of the gateway\n\n");
    page.append("What the gateway itself answers; errors of a pod pass through as they are. ");
    page.append(
        "Every answer has `x-request-id` and `x-should-retry`; the official SDKs obey it. ");
    page.append("On `/v1/messages` the shape is Anthropic's, and every answer, ");
    page.append("streamed or not, has the id as `request-id` too. ");
    page.append("Inside a stream that has begun the same error is its last event, ");
    page.append("followed by an abnormal close. ");
    page.append("499 is never sent: it stands in logs and metrics.\n\n");
    page.append("| status | code | type | param | retry | when |\n|---|---|---|---|---|---|\n");
    for (var error : GatewayError.values()) {
      page.append("| ").append(error.status());
      page.append(" | `").append(error.code());
      page.append("` | `").append(ErrorShape.OPENAI.type(error.status()));
      page.append("` | ").append(error.param() == null ? "" : "`" + error.param() + "`");
      page.append(" | ").append(error.shouldRetry() ? "yes" : "no");
      page.append(" | ").append(error.when()).append(" |\n");
    }
    assertThat(Files.readString(Path.of("../docs/errors.md")))
        .as("docs/errors.md should read:\n%s", page)
        .isEqualTo(page.toString());
  }
}
