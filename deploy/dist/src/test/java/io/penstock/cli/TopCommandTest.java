package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The table of {@code penstock top}. */
class TopCommandTest {

  @Test
  void each_pod_is_a_row_under_the_sums() throws IOException {
    var pods =
        """
        [{"pool":"p","name":"a","address":"10.0.0.1:8000","role":"both","state":"ready",
          "in_flight":3,"pending_prefill_tokens":1200,"prefix_tokens":45000,
          "signals":{"running":2,"waiting":0,"kv_cache_usage":0.25,"age_ms":42}},
         {"pool":"p","name":"b","address":"10.0.0.2:8000","role":"prefill","state":"ejected",
          "in_flight":0,"pending_prefill_tokens":0,"prefix_tokens":0,
          "signals":{"running":0,"waiting":7,"kv_cache_usage":0.97}}]
        """;
    var lines = TopCommand.lines("http://x", new ObjectMapper().readTree(pods), Ink.none());
    assertThat(String.join("\n", lines))
        .isEqualTo(
            """
            penstock http://x   2 pods, 2 running, 7 waiting, 3 in flight from here

            POD  POOL  ROLE     STATE    RUN  WAIT    KV    HELD  IN FLIGHT  TO PREFILL    AGE
            a    p     both     ready      2     0  25 %  45,000          3       1,200  42 ms
            b    p     prefill  ejected    0     7  97 %       0          0           0      -""");
  }
}
