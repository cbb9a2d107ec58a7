package io.penstock.tools.beside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class FreePortTest {

  @Test
  void ports_lie_below_those_that_connections_get_and_one_that_is_taken_is_left_out()
      throws IOException {
    int first = FreePort.next();
    try (var _ = new ServerSocket(first + 1, 1, InetAddress.getLoopbackAddress())) {
      int second = FreePort.next();
      assertThat(first).isBetween(20_000, 25_999);
      assertThat(second).isBetween(20_000, 25_999).isNotIn(first, first + 1);
    }
  }
}
