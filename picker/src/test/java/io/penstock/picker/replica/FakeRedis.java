package io.penstock.picker.replica;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * AUTH, PING, SUBSCRIBE and PUBLISH of Redis in RESP2, on a port of loopback, one thread a
 * connection. Its faults are those that a real one shows seldom.
 */
final class FakeRedis implements AutoCloseable {

  private final String password;
  private final Map<String, Set<Client>> subscribers = new ConcurrentHashMap<>();
  private final Set<Client> clients = ConcurrentHashMap.newKeySet();
  final AtomicInteger logins = new AtomicInteger();
  final AtomicInteger refusals = new AtomicInteger();
  final Set<String> users = ConcurrentHashMap.newKeySet();
  volatile boolean deaf; // answers, and delivers nothing
  volatile boolean mute; // lets nobody publish
  volatile boolean stalled; // reads no further
  volatile boolean withoutAuth; // does not know that command
  private final CountDownLatch over = new CountDownLatch(1);
  private final ServerSocket server;

  FakeRedis(String password) throws IOException {
    this.password = password;
    this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("fake-redis").start(this::accept);
  }

  RedisAddress address(String user) {
    return new RedisAddress("127.0.0.1", server.getLocalPort(), false, user);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        var client = new Client(server.accept());
        clients.add(client);
        Thread.ofPlatform().daemon().name("fake-redis-client").start(client::serve);
      } catch (IOException closed) {
        return;
      }
    }
  }

  /** Sends bytes to whoever hears a channel, as they are. */
  void raw(String channel, byte[] bytes) {
    subscribers.getOrDefault(channel, Set.of()).forEach(client -> client.send(bytes));
  }

  /** Delivers a message. */
  void publish(String channel, byte[] payload) {
    var name = bytes(channel);
    for (var client : subscribers.getOrDefault(channel, Set.of())) {
      client.send(
          bytes("*3\r\n$7\r\nmessage\r\n$" + name.length + "\r\n" + channel + "\r\n$"),
          bytes(payload.length + "\r\n"),
          payload,
          bytes("\r\n"));
    }
  }

  /** Ends every connection. */
  void drop() {
    clients.forEach(Client::close);
  }

  @Override
  public void close() throws IOException {
    over.countDown();
    server.close();
    drop();
  }

  private final class Client {
    private final Socket socket;
    private final OutputStream out;

    Client(Socket socket) throws IOException {
      this.socket = socket;
      this.out = new BufferedOutputStream(socket.getOutputStream());
    }

    void serve() {
      boolean known = password.isEmpty();
      try (var in = new DataInputStream(new BufferedInputStream(socket.getInputStream()))) {
        for (var words = command(in); !words.isEmpty(); words = command(in)) {
          var name = text(words.getFirst());
          if (stalled) {
            over.await();
          }
          if (name.equals("AUTH") && withoutAuth) {
            say(
                "-ERR unknown command 'AUTH', with args beginning with: '%s' '%s' "
                    .formatted(text(words.get(1)), text(words.getLast())));
          } else if (name.equals("AUTH")) {
            users.add(text(words.get(1)));
            known = text(words.getLast()).equals(password);
            refusals.addAndGet(known ? 0 : 1);
            say(known ? "+OK" : "-WRONGPASS invalid username-password pair");
          } else if (!known) {
            refusals.incrementAndGet();
            say("-NOAUTH Authentication required.");
          } else {
            answer(name, words);
          }
        }
      } catch (IOException | InterruptedException gone) {
        close();
      }
    }

    private void answer(String name, List<byte[]> words) {
      switch (name) {
        case "PING" -> {
          logins.incrementAndGet();
          say("+PONG");
        }
        case "SUBSCRIBE" -> {
          for (int i = 1; i < words.size(); i++) {
            var channel = text(words.get(i));
            subscribers.computeIfAbsent(channel, c -> ConcurrentHashMap.newKeySet()).add(this);
            say("*3\r\n$9\r\nsubscribe\r\n$" + words.get(i).length + "\r\n" + channel);
            say(":" + i);
          }
        }
        case "PUBLISH" -> {
          say(mute ? "-NOPERM this user has no permissions to access a channel" : ":1");
          if (!deaf && !mute) {
            publish(text(words.get(1)), words.get(2));
          }
        }
        default -> say("-ERR unknown command '" + name + "'");
      }
    }

    private List<byte[]> command(DataInputStream in) throws IOException {
      List<byte[]> words = new ArrayList<>();
      int count = Integer.parseInt(line(in).substring(1));
      for (int i = 0; i < count; i++) {
        words.add(in.readNBytes(Integer.parseInt(line(in).substring(1))));
        in.readNBytes(2);
      }
      return words;
    }

    private String line(DataInputStream in) throws IOException {
      var line = new StringBuilder();
      for (int c = in.readByte(); c != '\r'; c = in.readByte()) {
        line.append((char) c);
      }
      in.readByte();
      return line.toString();
    }

    private void say(String line) {
      send(bytes(line + "\r\n"));
    }

    void send(byte[]... parts) {
      try {
        synchronized (out) {
          for (var part : parts) {
            out.write(part);
          }
          out.flush();
        }
      } catch (IOException gone) {
        close();
      }
    }

    void close() {
      clients.remove(this);
      subscribers.values().forEach(each -> each.remove(this));
      try {
        socket.close();
      } catch (IOException already) {
        // It is gone, which is what is wanted.
      }
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] word) {
    return new String(word, StandardCharsets.UTF_8);
  }
}
