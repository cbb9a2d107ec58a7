package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * So many clients that chat with a server without pause, streamed and not in turn, until they are
 * stopped. Every answer is kept.
 */
final class ChatLoad implements AutoCloseable {

  private static final int TOKENS = 60;

  private final String url;
  private final String model;
  private final String more;
  private final List<Thread> clients = new ArrayList<>();
  private final List<String> streams = new CopyOnWriteArrayList<>();
  private final List<String> answers = new CopyOnWriteArrayList<>();
  private volatile boolean stopped;

  ChatLoad(String url, int clientCount) {
    this(url, "tiny", clientCount);
  }

  ChatLoad(String url, String model, int clientCount) {
    this(url, model, clientCount, "");
  }

  /** The same with more words in every question. */
  ChatLoad(String url, String model, int clientCount, String more) {
    this.url = url;
    this.model = model;
    this.more = more;
    for (int i = 0; i < clientCount; i++) {
      String name = "client " + i;
      clients.add(Thread.ofVirtual().start(() -> chat(name)));
    }
  }

  private void chat(String name) {
    for (int i = 0; !stopped; i++) {
      String words = name + " asks question " + i + more;
      try {
        if (i % 2 == 0) {
          try (var stream = new OpenStream(url, model, words, TOKENS)) {
            streams.add(stream.answer());
          }
        } else {
          answers.add(plain(words));
        }
      } catch (IOException e) {
        answers.add("no answer: " + e);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private String plain(String words) throws IOException, InterruptedException {
    var answer =
        PenstockProcess.post(
            url,
            "/v1/chat/completions",
            """
            {"model":"%s","messages":[{"role":"user","content":"%s"}],"max_tokens":%d,\
            "ignore_eos":true}"""
                .formatted(model, words, TOKENS));
    return answer.statusCode() + " " + answer.body();
  }

  /** Waits until so many more requests have been answered, well or not. */
  void awaitMore(int requests) {
    int goal = streams.size() + answers.size() + requests;
    await().atMost(Duration.ofMinutes(2)).until(() -> streams.size() + answers.size() >= goal);
  }

  /** Stops the clients after the request each of them is at. */
  void stop() throws InterruptedException {
    stopped = true;
    for (var client : clients) {
      assertThat(client.join(Duration.ofMinutes(2))).isTrue();
    }
  }

  /** Every request was answered whole. */
  void assertAllWhole() {
    assertThat(answers).isNotEmpty().allSatisfy(ChatLoad::isWhole);
    assertThat(streams).isNotEmpty().allSatisfy(ChatLoad::isWholeStream);
  }

  /**
   * Every request was answered whole, but for streams that broke off after they had begun; returns
   * how many these are.
   */
  int assertAllWholeOrBegun() {
    assertThat(answers).isNotEmpty().allSatisfy(ChatLoad::isWhole);
    assertThat(streams)
        .isNotEmpty()
        .allSatisfy(
            stream -> {
              if (stream.contains("data: {\"error\":")) {
                assertThat(stream).startsWith("HTTP/1.1 200 OK").contains("\"delta\":");
                assertThat(stream).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
              } else {
                isWholeStream(stream);
              }
            });
    return (int) streams.stream().filter(stream -> stream.contains("data: {\"error\":")).count();
  }

  private static void isWhole(String answer) {
    assertThat(answer)
        .startsWith("200 ")
        .contains("\"completion_tokens\":" + TOKENS, "\"finish_reason\":\"length\"");
  }

  private static void isWholeStream(String stream) {
    assertThat(stream)
        .startsWith("HTTP/1.1 200 OK")
        .contains("\"completion_tokens\":" + TOKENS, "data: [DONE]\n\n");
  }

  /** Stops the clients and does not wait for them. */
  @Override
  public void close() {
    stopped = true;
  }
}
