package io.penstock.tools.beside;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports for programs that have to be told theirs. They lie below those that systems give to
 * connections and to whoever asks for any port (Linux: 32768 to 60999), so that none is taken by
 * chance between its choice and the program's start.
 */
public final class FreePort {

  private static final int FIRST = 20_000;
  private static final int COUNT = 6_000;

  private static final AtomicInteger NEXT =
      new AtomicInteger(ThreadLocalRandom.current().nextInt(COUNT));

  private FreePort() {}

  /**
   * A loopback port that nobody listens on now. Each call in one process gives another one, until
   * all have been given. Safe from any thread.
   *
   * @return from 20000 to 25999
   * @throws IOException when all are taken
   */
  public static int next() throws IOException {
    for (int i = 0; i < COUNT; i++) {
      int port = FIRST + Math.floorMod(NEXT.getAndIncrement(), COUNT);
      if (isFree(port)) {
        return port;
      }
    }
    throw new IOException("no port from %d to %d is free".formatted(FIRST, FIRST + COUNT - 1));
  }

  private static boolean isFree(int port) {
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}
