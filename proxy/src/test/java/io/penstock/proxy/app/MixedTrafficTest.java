package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients of both protocols, some of which leave at any moment, in front of pods that fail in every
 * way, all at once: whatever happens, everything is counted once and given back.
 */
class MixedTrafficTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final List<Fault> FAULTS =
      List.of(
          new Fault.ResetAfterBytes(0),
          new Fault.ResetAfterBytes(300),
          new Fault.DieInEvent(2),
          new Fault.EndWithoutDone(2),
          new Fault.AnswerStatus(500, -1),
          new Fault.AnswerStatus(503, 1),
          new Fault.AnswerStatus(400, -1),
          new Fault.Garbage(),
          new Fault.MalformedChunk(1),
          new Fault.ShortContentLength(5),
          new Fault.TrailingBytes(),
          new Fault.Informational(103));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void leaves_nothing_behind(long seed) throws Exception {
    leavesNothingBehind(seed, "auto");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void leaves_nothing_behind_over_io_uring_where_there_is_one(long seed) throws Exception {
    leavesNothingBehind(seed, TransportTest.hasIoUring() ? "io_uring" : "nio");
  }

  private static void leavesNothingBehind(long seed, String transport) throws Exception {
    try (var gateway =
        TestGateway.of(
            3,
            flags -> flags.flag("--ejection.duration", "100ms").flag("--transport", transport))) {
      var random = new SplittableRandom(seed);
      List<Callable<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        var own = random.split();
        clients.add(() -> overHttp1(gateway, own));
        var other = random.split();
        clients.add(() -> overHttp2(gateway, other));
      }
      var faults = random.split();
      clients.add(() -> breakPods(gateway, faults));
      int asked = 0;
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (var done : threads.invokeAll(clients)) {
          asked += done.get();
        }
      }

      gateway.assertQuiet();
      var law = gateway.app.conservation();
      assertThat(law.accepted()).isEqualTo(asked);
      assertThat(law.completed()).as("%s", law).isPositive();
      assertThat(law.cancelled()).as("%s", law).isPositive();

      for (var pod : gateway.fleet.pods()) {
        pod.faults().clear();
      }
      assertThat(gateway.post(CHAT, chat("after all", 3, true)).body())
          .endsWith("data: [DONE]\n\n");
    }
  }

  private static int overHttp1(TestGateway gateway, SplittableRandom random) throws Exception {
    for (int i = 0; i < 30; i++) {
      ask(gateway, prompt(random, i), random);
    }
    return 30;
  }

  /** Asks on a connection of its own, and reads the answer to its end, or a part and leaves. */
  static void ask(TestGateway gateway, String body, SplittableRandom random) throws IOException {
    String request =
        TestGateway.request(CHAT, body).replace("host: test", "host: test\r\nconnection: close");
    try (var socket = gateway.connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      if (random.nextInt(3) == 0) {
        socket.getInputStream().readNBytes(1 + random.nextInt(500));
      } else {
        socket.getInputStream().readAllBytes();
      }
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      // A reset, which an answer that is broken off may end in.
      assertThat(e).hasMessageContaining("reset");
    }
  }

  /** Streams side by side, some of them reset. */
  private static int overHttp2(TestGateway gateway, SplittableRandom random) {
    int asked = 0;
    try (var client = Http2Client.of(gateway)) {
      for (int round = 0; round < 5; round++) {
        List<Http2Client.Answer> answers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          answers.add(client.post(CHAT, prompt(random, i)));
          asked++;
        }
        // So that what is reset has got somewhere.
        answers.getFirst().awaitEnd();
        for (var answer : answers) {
          if (random.nextInt(3) == 0) {
            answer.reset(Http2Error.CANCEL);
          }
        }
        answers.forEach(Http2Client.Answer::awaitClosed);
      }
    }
    return asked;
  }

  private static String prompt(SplittableRandom random, int number) {
    String words = ("words " + number + " ").repeat(1 + random.nextInt(400));
    return chat(words, 1 + random.nextInt(200), random.nextBoolean());
  }

  private static int breakPods(TestGateway gateway, SplittableRandom random) {
    for (int i = 0; i < 60; i++) {
      var fault = FAULTS.get(random.nextInt(FAULTS.size()));
      gateway.pod(random.nextInt(3)).faults().add(fault, 1 + random.nextInt(2));
    }
    return 0;
  }
}
