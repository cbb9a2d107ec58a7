package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.OutlierDetector;
import io.penstock.proxy.metrics.AccessLog;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.ModelListing;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.trace.Tracing;
import io.penstock.proxy.upstream.NoSocket;
import io.penstock.proxy.upstream.RetryBudget;
import io.penstock.proxy.upstream.UpstreamPool;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two legs, side by side if not said otherwise, over sockets whose far ends do as the test says.
 */
class LegsTest {

  private static final String BODY =
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
  private static final String STREAM = BODY.replace("}]}", "}],\"stream\":true}");
  private static final String HANDED = "handed over";
  private static final String RELEASE = "released";
  private static final String HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  private final List<ServerSocket> listeners = new ArrayList<>();
  private final List<Socket> connections = new CopyOnWriteArrayList<>();
  private final List<String> prefillsAsked = new CopyOnWriteArrayList<>();
  private final CountDownLatch secondPrefill = new CountDownLatch(2);
  private final DoubtedPods leg = new DoubtedPods();
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final EventLoop eventLoop = (EventLoop) group.next();
  private final OutlierDetector health =
      new OutlierDetector(new OutlierDetector.Settings(1, MINUTE, MINUTE, 0));
  private LongSupplier clock = System::nanoTime;
  private Class<? extends SocketChannel> sockets = NioSocketChannel.class;
  private long keepAliveNanos;
  private int retriesPerRequest = 2;
  private PoolPicker picker;
  private LoopContext loop;

  /** A pod: what it does with each request, which has come in part at least. */
  private interface Pod {
    void asked(Socket client, String address, String request)
        throws IOException, InterruptedException;
  }

  @BeforeEach
  void start() throws IOException {
    picker = divided();
    picker.apply(
        new PoolDelta(
            List.of(
                pod(Role.PREFILL, this::prefill),
                pod(Role.PREFILL, this::prefill),
                pod(Role.DECODE, this::decode)),
            List.of()));
    loop = loop(picker);
  }

  private static PoolPicker divided() {
    return PoolPicker.builder(
            PoolPickerConfig.of("divided", Set.of("tiny"), 1).withDisaggregation(always()), 1)
        .withoutThread()
        .build();
  }

  private static DisaggregationPolicy always() {
    var usual = DisaggregationPolicy.DEFAULT;
    return new DisaggregationPolicy(
        DisaggregationPolicy.Decider.ALWAYS,
        0,
        0,
        usual.kvBytesPerToken(),
        usual.bytesPerSecond(),
        usual.overhead(),
        usual.overflow());
  }

  private EndpointSpec pod(Role role, Pod does) throws IOException {
    var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    listeners.add(listener);
    var endpoint = EndpointSpec.of("127.0.0.1", listener.getLocalPort(), role);
    Thread.ofVirtual().start(() -> accept(listener, endpoint.name(), does));
    return endpoint;
  }

  private void accept(ServerSocket listener, String address, Pod does) {
    try {
      while (true) {
        var client = listener.accept();
        connections.add(client);
        Thread.ofVirtual().start(() -> serve(client, address, does));
      }
    } catch (IOException closed) {
      assertThat(listener.isClosed()).isTrue();
    }
  }

  private static void serve(Socket client, String address, Pod does) {
    try {
      var bytes = new byte[8_192];
      int read;
      while ((read = client.getInputStream().read(bytes)) > 0) {
        does.asked(client, address, new String(bytes, 0, read, StandardCharsets.US_ASCII));
      }
    } catch (IOException | InterruptedException gone) {
      assertThat(gone).isNotNull();
    }
  }

  /** The first that is asked fails, the second takes its time. */
  private void prefill(Socket client, String address, String request) throws IOException {
    prefillsAsked.add(address);
    boolean first = secondPrefill.getCount() == 2;
    secondPrefill.countDown();
    if (first) {
      write(client, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
    }
  }

  private static void write(Socket client, String text) throws IOException {
    client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Dies once a second pod has been asked for the prompt. */
  private void decode(Socket client, String address, String request)
      throws IOException, InterruptedException {
    secondPrefill.await();
    client.close();
  }

  private LoopContext loop(PoolPicker ofPool) {
    var pool =
        new GatewayPool(
            "divided",
            List.of("tiny"),
            ofPool,
            health,
            new RetryBudget(0.2),
            null,
            new Division(leg, MINUTE, new SilentPods()));
    var settings =
        new ExchangeSettings(
            new ExchangeSettings.Timeouts(
                MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, keepAliveNanos),
            1 << 20,
            retriesPerRequest,
            false,
            false);
    var gateway =
        new Gateway(
            "test",
            new PoolDirectory(List.of(pool)),
            new ModelListing(List.of()),
            new ResponseOwners(1, Duration.ofMinutes(1), Ticker.systemTicker()),
            ApiKeys.off(),
            new GatewayMetrics(new CollectorRegistry()),
            new AccessLog(-1, () -> Instant.EPOCH),
            new BodyBudget(1 << 20),
            Tracing.OFF,
            settings);
    var upstream =
        new UpstreamPool(eventLoop, sockets, new AdaptiveRecvByteBufAllocator(), 5_000, clock);
    return new LoopContext(gateway, 0, eventLoop, upstream, clock, new SplittableRandom(1));
  }

  @AfterEach
  void stop() throws IOException {
    await().until(() -> loop.gateway().bodies().heldBytes() == 0);
    eventLoop.submit(() -> loop.upstream().close()).awaitUninterruptibly();
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    picker.close();
    for (var listener : listeners) {
      listener.close();
    }
    for (var connection : connections) {
      connection.close();
    }
  }

  private Exchange ask() {
    return ask(BODY, new WrittenAnswer(true));
  }

  private Exchange ask(String body, ClientStream client) {
    var headers = new DefaultHttpHeaders().add("content-type", "application/json");
    var head = new RequestHead("POST", "/v1/chat/completions", headers, body.length());
    return eventLoop
        .submit(
            () -> {
              var exchange = loop.exchange(client);
              exchange.head(head, false);
              exchange.body(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
              exchange.bodyEnd();
              return exchange;
            })
        .syncUninterruptibly()
        .getNow();
  }

  @Test
  void a_prompt_that_is_lost_is_doubted_where_it_was_computed() {
    ask();

    awaitQuiet();
    assertThat(prefillsAsked).hasSize(2).doesNotHaveDuplicates();
    assertThat(leg.doubted).isEqualTo(prefillsAsked);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void who_has_no_socket_left_says_so_and_blames_no_pod(boolean inTwo) throws IOException {
    sockets = NoSocket.class;
    restart(
        inTwo
            ? List.of(pod(Role.PREFILL, this::prefill), pod(Role.DECODE, this::decode))
            : List.of(pod(Role.BOTH, this::decode), pod(Role.BOTH, this::decode)));
    var answer = new WrittenAnswer(true);

    ask(BODY, answer);

    awaitQuiet();
    assertThat(answer.statuses()).containsExactly(503);
    assertThat(answer.text()).contains("\"code\":\"overloaded\"");
    for (int slot = 0; slot < 2; slot++) {
      assertThat(health.routable(slot, clock.getAsLong())).isTrue();
    }
    assertThat(picker.inFlight().total()).isZero();
  }

  /**
   * The pod that answers dies, and in that moment the one that computed the prompt is there to
   * answer too, and the other one to compute.
   */
  @Test
  void a_prompt_is_not_released_by_the_pod_that_holds_it() throws IOException {
    leg.holding = true;
    List<EndpointSpec> specs = new CopyOnWriteArrayList<>();
    List<String> released = new CopyOnWriteArrayList<>();
    var died = new AtomicBoolean();
    Pod answers =
        (client, address, request) -> {
          if (request.contains(RELEASE)) {
            released.add(address);
          }
          write(client, HEAD + "{}");
        };
    Pod dies =
        (client, address, request) -> {
          if (died.getAndSet(true)) {
            answers.asked(client, address, request);
            return;
          }
          var holder = EndpointSpec.of("127.0.0.1", specs.get(0).port(), Role.BOTH);
          var other = specs.get(specs.get(1).name().equals(address) ? 2 : 1);
          var computes = EndpointSpec.of("127.0.0.1", other.port(), Role.PREFILL);
          picker.apply(new PoolDelta(List.of(holder, computes), List.of()));
          client.close();
        };
    specs.add(pod(Role.PREFILL, answers));
    specs.add(pod(Role.DECODE, dies));
    specs.add(pod(Role.DECODE, dies));
    restart(List.copyOf(specs));

    ask();

    awaitQuiet();
    await().until(() -> !released.isEmpty());
    assertThat(released).hasSize(1).doesNotContain(specs.getFirst().name());
  }

  /** While the prompt is computed the pod that was to answer goes, and another comes. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_prompt_is_handed_to_nobody_who_has_left(boolean computed) throws Exception {
    List<String> answered = new CopyOnWriteArrayList<>();
    var other = pod(Role.DECODE, answering(answered));

    askWhileItLeaves(answering(answered), List.of(other), computed);

    assertThat(answered).containsExactly(other.name());
    assertThat(loop.gateway().metrics().conservation().completed()).isOne();
  }

  /** Where nobody comes, the client is told. */
  @Test
  void a_prompt_that_nobody_is_left_for_is_given_up() throws Exception {
    List<String> answered = new CopyOnWriteArrayList<>();

    askWhileItLeaves(answering(answered), List.of(), true);

    assertThat(answered).isEmpty();
    assertThat(loop.gateway().metrics().conservation().completed()).isZero();
  }

  /** The pod that has computed the prompt is the only one left: it knows it without a transfer. */
  @Test
  void a_prompt_is_not_handed_to_the_pod_that_holds_it() throws Exception {
    leg.holding = true;
    List<EndpointSpec> specs = new CopyOnWriteArrayList<>();
    List<String> asked = new CopyOnWriteArrayList<>();
    Pod holds =
        (client, address, request) -> {
          if (asked.isEmpty()) {
            var both = EndpointSpec.of("127.0.0.1", specs.get(0).port(), Role.BOTH);
            picker.apply(new PoolDelta(List.of(both), List.of(specs.get(1).id())));
          }
          asked.add(request);
          write(client, HEAD + "{}");
        };
    specs.add(pod(Role.PREFILL, holds));
    specs.add(pod(Role.DECODE, answering(new CopyOnWriteArrayList<>())));
    restart(List.copyOf(specs));

    ask();

    awaitQuiet();
    assertThat(loop.gateway().metrics().conservation().completed()).isOne();
    assertThat(asked).hasSize(2).noneMatch(request -> request.contains(HANDED));
  }

  /** It is told inside the stream that keep-alive comments have opened. */
  @Test
  void a_client_that_is_kept_waiting_hears_in_its_stream_that_nobody_is_left() throws Exception {
    keepAliveNanos = 1;
    leg.holding = true;
    var answer = new WrittenAnswer(true);
    var leaves = pod(Role.DECODE, answering(new CopyOnWriteArrayList<>()));
    Pod prefills =
        (client, address, request) -> {
          answer.begun.await();
          picker.apply(new PoolDelta(List.of(), List.of(leaves.id())));
          write(client, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
        };
    restart(List.of(leaves, pod(Role.PREFILL, prefills)));

    ask(STREAM, answer);

    awaitQuiet();
    assertThat(answer.statuses()).containsExactly(200);
    assertThat(answer.payload()).contains("\ndata: {\"error\":", "no_healthy_endpoints");
  }

  /** The head of an answer that is no stream has come, and its body takes longer. */
  @Test
  void no_comment_goes_out_before_the_head_of_an_answer_that_is_no_stream() throws Exception {
    var now = new AtomicLong();
    clock = now::get;
    keepAliveNanos = 1;
    var answer = new WrittenAnswer(true);
    var ticked = new CountDownLatch(1);
    Pod refuses =
        (client, address, request) -> {
          write(client, HEAD.replace("200 OK", "400 Bad Request"));
          ticked.await();
          write(client, "{}");
        };
    restart(List.of(pod(Role.BOTH, refuses)));

    var exchange = ask(STREAM, answer);
    await().until(() -> exchange.facts().timeline().has(Timeline.Event.ANSWERED));
    now.addAndGet(keepAliveNanos);
    var probe =
        new Deadlines.Deadline() {
          @Override
          protected void expired(long nowNanos) {
            eventLoop.execute(ticked::countDown);
          }
        };
    eventLoop.submit(() -> loop.deadlines().set(probe, now.get())).syncUninterruptibly();

    awaitQuiet();
    assertThat(answer.statuses()).containsExactly(400);
    assertThat(answer.text()).isEqualTo("{}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"429 Too Many Requests", "503 Service Unavailable"})
  void nothing_is_held_against_a_pod_that_is_too_busy_for_a_prompt(String status) throws Exception {
    Pod prefills =
        (client, address, request) -> {
          prefillsAsked.add(address);
          boolean first = secondPrefill.getCount() == 2;
          secondPrefill.countDown();
          write(
              client, first ? "HTTP/1.1 " + status + "\r\ncontent-length: 0\r\n\r\n" : HEAD + "{}");
        };
    restart(
        List.of(
            pod(Role.PREFILL, prefills),
            pod(Role.PREFILL, prefills),
            pod(Role.DECODE, this::answersTheSecond)));

    ask();

    awaitQuiet();
    assertThat(loop.gateway().metrics().conservation().completed()).isOne();
    assertThat(prefillsAsked).hasSize(2).doesNotHaveDuplicates();
    assertThat(leg.doubted).isEmpty();
    assertThat(health.ejectionCount()).isZero();
  }

  /** The connection of the request before closes, and the same pod is asked on another. */
  @Test
  void a_prefill_whose_connection_was_stale_is_asked_again() throws Exception {
    List<String> decodes = new CopyOnWriteArrayList<>();
    Pod prefills =
        (client, address, request) -> {
          prefillsAsked.add(address);
          secondPrefill.countDown();
          if (prefillsAsked.size() == 2) {
            client.close();
          } else {
            write(client, HEAD + "{}");
          }
        };
    Pod answers =
        (client, address, request) -> {
          decodes.add(request);
          await()
              .until(
                  () ->
                      decodes.size() == 1 ? prefillsAsked.size() == 1 : prefillsAsked.size() == 3);
          write(client, HEAD + "{}");
        };
    restart(List.of(pod(Role.PREFILL, prefills), pod(Role.DECODE, answers)));
    ask();
    awaitQuiet();
    await().until(() -> picker.inFlight().total() == 0);

    ask();

    await().until(() -> loop.gateway().metrics().conservation().completed() == 2);
    await().until(() -> picker.inFlight().total() == 0);
    assertThat(prefillsAsked).hasSize(3);
    assertThat(decodes).hasSize(2).allMatch(request -> request.contains(HANDED));
    assertThat(leg.doubted).isEmpty();
    assertThat(health.ejectionCount()).isZero();
  }

  /** The connection of the request before closes as soon as another request comes on it. */
  @Test
  void a_release_goes_to_its_pod_whatever_becomes_of_older_connections() throws Exception {
    leg.holding = true;
    var begun = new Semaphore(0);
    List<Socket> computing = new CopyOnWriteArrayList<>();
    List<Socket> used = new CopyOnWriteArrayList<>();
    List<String> released = new CopyOnWriteArrayList<>();
    Pod prefills =
        (client, address, request) -> {
          computing.add(client);
          write(client, computing.size() == 1 ? HEAD + "{}" : HEAD);
          begun.release();
        };
    Pod answers =
        (client, address, request) -> {
          if (used.contains(client)) {
            client.close();
            return;
          }
          used.add(client);
          if (request.contains(RELEASE)) {
            released.add(address);
          }
          write(client, HEAD + "{}");
        };
    var prefill = pod(Role.PREFILL, prefills);
    restart(List.of(prefill, pod(Role.DECODE, answers)));
    ask();
    awaitQuiet();
    await().until(() -> picker.inFlight().total() == 0);

    boolean readToTheEnd = false;
    for (int tries = 0; tries < 50 && !readToTheEnd; tries++) {
      begun.drainPermits();
      var exchange = ask();
      assertThat(begun.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
      eventLoop.submit(() -> {}).syncUninterruptibly();
      eventLoop.submit(exchange::clientGone).syncUninterruptibly();
      readToTheEnd = requestsAt(prefill) == 1;
    }
    assertThat(readToTheEnd).isTrue();
    write(computing.getLast(), "{}");

    await().until(() -> released.size() + health.ejectionCount() > 0);
    assertThat(health.ejectionCount()).isZero();
    assertThat(released).hasSize(1);
  }

  @Test
  void a_decode_that_a_client_has_left_says_nothing_against_a_pod_that_closed_its_connection()
      throws Exception {
    leg.holding = true;
    var asked = new Semaphore(0);
    var left = new CountDownLatch(1);
    List<Socket> used = new CopyOnWriteArrayList<>();
    Pod answers =
        (client, address, request) -> {
          if (used.contains(client)) {
            asked.release();
            left.await();
            client.close();
          } else {
            used.add(client);
            write(client, HEAD + "{}");
          }
        };
    Pod prefills = (client, address, request) -> write(client, HEAD + "{}");
    restart(List.of(pod(Role.PREFILL, prefills), pod(Role.DECODE, answers)));
    ask();
    awaitQuiet();
    await().until(() -> picker.inFlight().total() == 0);

    var exchange = ask();
    assertThat(asked.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
    eventLoop.submit(exchange::clientGone).syncUninterruptibly();
    left.countDown();

    await().until(() -> picker.inFlight().total() == 0);
    assertThat(health.ejectionCount()).isZero();
  }

  /** The same of the pod that answers, and of a request that may not be tried twice. */
  @Test
  void a_decode_whose_connection_was_stale_is_asked_again_free_of_retries() throws Exception {
    retriesPerRequest = 0;
    leg.holding = true;
    List<String> decodes = new CopyOnWriteArrayList<>();
    Pod prefills =
        (client, address, request) -> {
          prefillsAsked.add(address);
          write(client, HEAD + "{}");
        };
    Pod answers =
        (client, address, request) -> {
          decodes.add(request);
          if (decodes.size() == 2) {
            client.close();
          } else {
            write(client, HEAD + "{}");
          }
        };
    restart(List.of(pod(Role.PREFILL, prefills), pod(Role.DECODE, answers)));
    ask();
    awaitQuiet();
    await().until(() -> picker.inFlight().total() == 0);

    ask();

    var metrics = loop.gateway().metrics();
    await().until(() -> metrics.conservation().accepted() == 2 && metrics.conservation().isQuiet());
    assertThat(metrics.conservation().completed()).isEqualTo(2);
    assertThat(prefillsAsked).hasSize(2);
    assertThat(decodes).hasSize(3).allMatch(request -> request.contains(HANDED));
    assertThat(health.ejectionCount()).isZero();
  }

  /** Its refusal is the answer, since nobody else is there. */
  @Test
  void a_pod_that_is_too_busy_is_left_alone_for_as_long_as_it_asks() throws Exception {
    var refusal =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 9\r\ncontent-length: 2\r\n\r\n{}";
    var pod = pod(Role.BOTH, (client, address, request) -> write(client, refusal));
    restart(List.of(pod));
    var answer = new WrittenAnswer(true);
    long before = clock.getAsLong();

    ask(BODY, answer);

    awaitQuiet();
    assertThat(answer.statuses()).containsExactly(503);
    assertThat(health.routable(slot(pod), before + TimeUnit.SECONDS.toNanos(8))).isFalse();
  }

  private void answersTheSecond(Socket client, String address, String request)
      throws IOException, InterruptedException {
    secondPrefill.await();
    write(client, HEAD + "{}");
  }

  private static Pod answering(List<String> answered) {
    return (client, address, request) -> {
      answered.add(address);
      write(client, HEAD + "{}");
    };
  }

  private void askWhileItLeaves(Pod answers, List<EndpointSpec> come, boolean computed)
      throws Exception {
    leg.holding = true;
    var leaves = pod(Role.DECODE, answers);
    Pod prefills =
        (client, address, request) -> {
          picker.apply(new PoolDelta(come, List.of(leaves.id())));
          var failed = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
          write(client, computed ? HEAD + "{}" : failed);
        };
    restart(List.of(leaves, pod(Role.PREFILL, prefills)));
    ask();
    awaitQuiet();
    await().until(() -> picker.inFlight().total() == 0);
  }

  /** The same with other pods. */
  private void restart(List<EndpointSpec> pods) {
    picker.close();
    picker = divided();
    picker.apply(new PoolDelta(pods, List.of()));
    loop = loop(picker);
  }

  private void awaitQuiet() {
    var metrics = loop.gateway().metrics();
    await().until(() -> metrics.conservation().accepted() == 1 && metrics.conservation().isQuiet());
  }

  /**
   * The prompt's answer has begun, so it is read to its end, but nobody is to answer from it any
   * more. Whether it has begun for the gateway too only shows in what comes of it: a client that
   * left before is tried again.
   */
  @Test
  void a_client_that_leaves_a_prefill_is_expected_no_more_where_it_was_to_be_answered()
      throws Exception {
    leg.holding = true;
    var begun = new Semaphore(0);
    List<Socket> computing = new CopyOnWriteArrayList<>();
    Pod begins =
        (client, address, request) -> {
          computing.add(client);
          write(client, HEAD);
          begun.release();
        };
    var prefill = pod(Role.PREFILL, begins);
    var decode = pod(Role.DECODE, (client, address, request) -> write(client, HEAD + "{}"));
    restart(List.of(prefill, decode));

    boolean readToTheEnd = false;
    for (int tries = 0; tries < 50 && !readToTheEnd; tries++) {
      begun.drainPermits();
      var exchange = ask();
      assertThat(requestsAt(decode)).isOne();
      assertThat(begun.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
      eventLoop.submit(() -> {}).syncUninterruptibly();
      eventLoop.submit(exchange::clientGone).syncUninterruptibly();

      readToTheEnd = requestsAt(prefill) == 1;
      assertThat(requestsAt(decode)).isZero();
      assertThat(picker.inFlight().handOvers(slot(decode))).isZero();
    }
    assertThat(readToTheEnd).isTrue();

    write(computing.getLast(), "{}");
    await().until(() -> picker.inFlight().total() == 0);
  }

  private int requestsAt(EndpointSpec spec) {
    return picker.inFlight().requests(slot(spec));
  }

  private int slot(EndpointSpec spec) {
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().name().equals(spec.name())) {
        return endpoint.slot();
      }
    }
    throw new AssertionError("no endpoint " + spec.name());
  }

  /** Hands prompts over by words known before, and notes whom it is told to doubt. */
  private static final class DoubtedPods implements PrefillLeg {

    private final List<String> doubted = new CopyOnWriteArrayList<>();
    private volatile boolean holding;

    @Override
    public boolean concurrent() {
      return !holding;
    }

    @Override
    public boolean holdsPrompts() {
      return holding;
    }

    @Override
    public void doubt(Endpoint prefill) {
      doubted.add(prefill.spec().name());
    }

    @Override
    public Transfer transfer(InferenceRequest request, Endpoint prefill, RandomGenerator random) {
      return new Unchanged();
    }
  }

  /** A prefill is sent what the client sent. */
  private static final class Unchanged implements PrefillLeg.Transfer {

    @Override
    public ByteBuf prefillBody(ByteBuf body) {
      return body.retainedDuplicate();
    }

    @Override
    public boolean take(byte[] answer, int length) {
      return true;
    }

    @Override
    public ByteBuf decodeBody(ByteBuf body) {
      return Unpooled.copiedBuffer(HANDED, StandardCharsets.US_ASCII);
    }

    @Override
    public ByteBuf releaseBody(ByteBuf body) {
      return Unpooled.copiedBuffer(RELEASE, StandardCharsets.US_ASCII);
    }

    @Override
    public int promptTokens() {
      return -1;
    }

    @Override
    public int cachedTokens() {
      return -1;
    }
  }
}
