package io.penstock.tools.beside;

import io.penstock.tools.load.ChatBody;
import io.penstock.tools.load.Conversations;
import io.penstock.tools.load.LoadRun;
import io.penstock.tools.load.LoadSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A target that runs, in processes of its own. Owned by the driver's thread.
 *
 * @param url where it takes requests
 * @param parts its processes; the last one started comes last
 */
record Proxy(Target target, URI url, List<Part> parts) implements AutoCloseable {

  private static final int TRIES = 200;
  private static final Duration STEP = Duration.ofMillis(100);

  /**
   * One process.
   *
   * @param name for tables
   * @param log what it printed
   */
  record Part(String name, Process process, Path log) {

    /** Its CPU time so far, in seconds. */
    double cpuSeconds() throws IOException {
      return CpuStat.processSeconds(process.pid());
    }

    /** Its memory now, in bytes. */
    long residentBytes() throws IOException {
      return CpuStat.residentBytes(process.pid());
    }

    void stop() {
      process.destroy();
      try {
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  /** CPU time so far of its just-in-time compilers, in seconds. */
  double compilerSeconds() throws IOException {
    double seconds = 0;
    for (var part : parts) {
      seconds += CpuStat.compilerSeconds(part.process.pid());
    }
    return seconds;
  }

  /** Waits until a chat is answered. */
  void awaitAnswer() throws IOException, InterruptedException {
    var chat = new ChatBody("tiny", false);
    var shape = Conversations.Shape.ofBody(chat, 1_024, 1, 0.5, 1, 0, 0);
    var one = LoadSpec.to(url).connections(1).requests(1).timeout(Duration.ofSeconds(1)).build();
    for (int i = 0; i < TRIES && parts.stream().allMatch(part -> part.process.isAlive()); i++) {
      if (LoadRun.start(one, new Conversations(chat, shape)).await().answered() == 1) {
        return;
      }
      TimeUnit.NANOSECONDS.sleep(STEP.toNanos());
    }
    var said = new StringBuilder(target.name()).append(" did not answer:");
    for (var part : parts) {
      said.append('\n').append(Files.readString(part.log).strip());
    }
    throw new IOException(said.toString());
  }

  /** Ends the processes, the last one first. */
  @Override
  public void close() {
    parts.reversed().forEach(Part::stop);
  }
}
