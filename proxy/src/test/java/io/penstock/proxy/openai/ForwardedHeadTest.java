package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardedHeadTest {

  private static String written(HttpHeaders headers, long contentLength) {
    var out = Unpooled.buffer();
    ForwardedHead.write(
        out, "POST", "/v1/completions?x", headers, "10.0.0.1:80", "req_1", contentLength, null);
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  @Test
  void a_trace_context_of_the_gateways_takes_the_place_of_the_clients() {
    var headers =
        new DefaultHttpHeaders()
            .add("TraceParent", "00-1-2-01")
            .add("tracestate", "vendor=1")
            .add("x-custom", "one");
    var continued = new TraceHeaders("00-a-b-01", true);
    var begun = new TraceHeaders("00-c-d-00", false);
    var out = Unpooled.buffer();
    ForwardedHead.write(out, "POST", "/", headers, "h", "r", ForwardedHead.NO_BODY, continued);
    assertThat(out.toString(StandardCharsets.ISO_8859_1))
        .isEqualTo(
            String.join(
                "\r\n",
                "POST / HTTP/1.1",
                "host: h",
                "tracestate: vendor=1",
                "x-custom: one",
                "traceparent: 00-a-b-01",
                "x-request-id: r",
                "",
                ""));
    out.clear();
    ForwardedHead.write(out, "POST", "/", headers, "h", "r", ForwardedHead.NO_BODY, begun);
    assertThat(out.toString(StandardCharsets.ISO_8859_1))
        .contains("traceparent: 00-c-d-00")
        .doesNotContain("tracestate", "00-1-2-01");
    out.release();
  }

  /** Headers as a decoder without validation would leave them. */
  private static HttpHeaders unchecked() {
    return DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
  }

  @Test
  void line_host_id_and_framing_are_the_gateways_and_the_rest_passes_in_order() {
    var headers =
        new DefaultHttpHeaders()
            .add("Host", "api.example.com")
            .add("Content-Type", "application/json")
            .add("X-Custom", "one")
            .add("x-custom", "two")
            .add("traceparent", "00-1-2-01")
            .add("User-Agent", "OpenAI/Python")
            .add("x-request-id", "theirs")
            .add("content-length", "99");

    assertThat(written(headers, 5).split("\r\n", -1))
        .containsExactly(
            "POST /v1/completions?x HTTP/1.1",
            "host: 10.0.0.1:80",
            "Content-Type: application/json",
            "X-Custom: one",
            "x-custom: two",
            "traceparent: 00-1-2-01",
            "User-Agent: OpenAI/Python",
            "x-request-id: req_1",
            "content-length: 5",
            "",
            "");
  }

  @Test
  void the_framing_is_what_the_caller_says() {
    var none = new DefaultHttpHeaders();
    assertThat(written(none, 0)).contains("\r\ncontent-length: 0\r\n");
    assertThat(written(none, ForwardedHead.CHUNKED))
        .endsWith("\r\ntransfer-encoding: chunked\r\n\r\n");
    assertThat(written(none, ForwardedHead.NO_BODY))
        .doesNotContain("content-length", "transfer-encoding");
  }

  @Test
  void what_connection_names_stays_behind() {
    var headers =
        new DefaultHttpHeaders()
            .add("connection", "keep-alive, X-Hop ,,x-other")
            .add("connection", "third")
            .add("x-hop", "1")
            .add("X-Other", "2")
            .add("Third", "3")
            .add("x-end-to-end", "4");

    String head = written(headers, 5);
    assertThat(head).contains("x-end-to-end: 4").doesNotContainIgnoringCase("x-hop", "x-other");
    assertThat(head).doesNotContainIgnoringCase("third", "connection");
  }

  @Test
  void what_connection_names_costs_its_length_however_many_fields_there_are() {
    var looks = new AtomicLong();
    var headers =
        new DefaultHttpHeaders() {
          @Override
          public Iterator<Map.Entry<CharSequence, CharSequence>> iteratorCharSequence() {
            Map.Entry<CharSequence, CharSequence> field = Map.entry(new Counted("a", looks), "");
            return Collections.nCopies(4_000, field).iterator();
          }
        };
    headers.add("connection", "b,".repeat(4_000));

    assertThat(written(headers, 5)).contains("\r\na: \r\n");

    assertThat(looks).hasValueLessThan(20 * 4_000);
  }

  /** Letters, and how often one of them was asked for. */
  private record Counted(String letters, AtomicLong looks) implements CharSequence {

    @Override
    public int length() {
      return letters.length();
    }

    @Override
    public char charAt(int index) {
      looks.incrementAndGet();
      return letters.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return letters.subSequence(start, end);
    }

    @Override
    public String toString() {
      return letters;
    }
  }

  @Test
  void connection_cannot_take_away_what_the_gateway_writes() {
    var headers = new DefaultHttpHeaders().add("connection", "host, x-request-id, content-length");

    assertThat(written(headers, 5))
        .contains("host: 10.0.0.1:80", "x-request-id: req_1", "content-length: 5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Content-Length",
        "Upgrade",
        "HTTP2-Settings",
        "Host",
        "Expect",
        "Accept-Encoding",
        "Authorization",
        "AUTHORIZATION",
        "api_key",
        "X-API-Key",
        "x_api_key",
        "Cookie",
        "OpenAI-Organization",
        "Forwarded",
        "X-Forwarded-For",
        "x_forwarded_for",
        "X-Real-IP",
        "Via",
        "X-Gateway-Destination-Endpoint",
        "x-gateway-destination-endpoint-subset",
        "X-Gateway-Inference-Objective",
        "X-Prefiller-Host-Port",
        "x_prefiller_host_port",
        "X-Encoder-Hosts-Ports",
        "X-Data-Parallel-Host-Port",
        "x-data-parallel-rank",
        "X-KV-Transfer",
        "x-llm-d-anything",
        "x-inference-anything",
        "x-penstock-anything",
        "x-envoy-original-path",
        "endpoint-load-metrics-format",
        "epp-profile",
        "X-Request-Id"
      })
  void a_field_that_steers_or_authenticates_stays_behind(String name) {
    assertThat(HeaderRules.forwards(name)).as(name).isFalse();
    assertThat(written(unchecked().add(name, "evil"), 5)).doesNotContain("evil");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "accept",
        "Content-Type",
        "content-encoding",
        "x-custom",
        "x",
        "p",
        "x-",
        "proxy",
        "x-forwarded",
        "traceparent",
        "tracestate",
        "baggage",
        "anthropic-version",
        "X-Stainless-Retry-Count",
        "authorizations",
        "hosts",
        "x-api-keys"
      })
  void a_field_that_only_resembles_one_of_those_passes(String name) {
    assertThat(HeaderRules.forwards(name)).as(name).isTrue();
    assertThat(written(unchecked().add(name, "value"), 5)).contains(name + ": value\r\n");
  }

  @Test
  void what_is_no_name_is_never_written() {
    for (var name :
        new String[] {"", "a b", "a:b", "a\r\nb", "ä", "a\u0000", "a/b", "a\tb", "(a)"}) {
      assertThat(HeaderRules.forwards(name)).as("'%s'", name).isFalse();
    }
  }

  @Test
  void a_value_that_could_end_its_line_is_never_written() {
    for (var value :
        new String[] {"a\r\nx: 1", "a\nb", "a\rb", "a\u0000b", "a\u007fb", "a\u0142"}) {
      assertThat(written(unchecked().add("x-a", value), 5)).doesNotContain("x-a");
    }
    assertThat(written(unchecked().add("x-a", "a\tb é"), 5)).contains("x-a: a\tb é\r\n");
  }
}
