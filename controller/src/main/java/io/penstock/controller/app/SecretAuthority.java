package io.penstock.controller.app;

import io.penstock.controller.api.Trees;
import io.penstock.controller.reconcile.ApiServer;
import io.penstock.controller.reconcile.Key;
import io.penstock.controller.reconcile.Kind;
import io.penstock.controller.reconcile.ServingAuthority;
import io.penstock.controller.webhook.Authorities;
import io.penstock.controller.webhook.CertificateStore;
import io.penstock.controller.webhook.OwnCertificates;
import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The authority behind the pods' certificates, in a Secret of the controller's namespace that is
 * made when the first service asks. It is looked at again when it is asked and a minute has passed.
 *
 * <p>Thread-safe by one lock; only the replica that reconciles asks.
 */
final class SecretAuthority implements ServingAuthority {

  private static final String SECRET = "penstock-serving-authority";

  /** An authority comes with a certificate of its own, which nobody is shown. */
  private static final List<String> NAMES = List.of("penstock-serving-authority");

  private static final Duration EVERY = Duration.ofMinutes(1);

  private final Store store;
  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable OwnCertificates certificates;
  private Instant looked = Instant.MIN;

  SecretAuthority(ApiServer server, String namespace, Clock clock) {
    this.store = new Store(server, new Key(namespace, SECRET));
    this.clock = clock;
  }

  @Override
  public Identity signer(Instant now) throws IOException {
    return current().signer(now);
  }

  @Override
  public String bundle() throws IOException {
    return current().bundle();
  }

  private Authorities current() throws IOException {
    lock.lock();
    try {
      var open = certificates;
      if (open == null) {
        open = OwnCertificates.open(store, NAMES, clock);
        certificates = open;
        looked = clock.instant();
      } else if (looked.plus(EVERY).isBefore(clock.instant())) {
        open.poll();
        looked = clock.instant();
      }
      return open.current();
    } finally {
      lock.unlock();
    }
  }

  /** The Secret. */
  private record Store(ApiServer server, Key key) implements CertificateStore {

    @Override
    public @Nullable Stored read() throws IOException {
      var answer = server.get(Kind.SECRET.path(key));
      if (answer.isMissing()) {
        return null;
      }
      if (!answer.isGood()) {
        throw new IOException("Secret " + key + " cannot be read: " + answer.message());
      }
      Map<String, String> data = new HashMap<>();
      for (var entry : answer.body().path("data").properties()) {
        byte[] bytes = Base64.getDecoder().decode(entry.getValue().asText());
        data.put(entry.getKey(), new String(bytes, StandardCharsets.US_ASCII));
      }
      return new Stored(Trees.text(answer.body(), "metadata", "resourceVersion"), data);
    }

    @Override
    public boolean replace(@Nullable Stored before, Map<String, String> data) throws IOException {
      var secret = Trees.newObject();
      secret.put("apiVersion", "v1").put("kind", "Secret");
      var metadata = Trees.with(secret, "metadata");
      metadata.put("name", key.name()).put("namespace", key.namespace());
      if (before != null) {
        // Of two that write, the one that read an older one is refused.
        metadata.put("resourceVersion", before.version());
      }
      var encoded = Trees.with(secret, "data");
      data.forEach(
          (name, text) ->
              encoded.put(
                  name,
                  Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII))));
      var answer = server.apply(Kind.SECRET.path(key), secret);
      if (!answer.isGood() && !answer.isConflict()) {
        throw new IOException("Secret " + key + " cannot be written: " + answer.message());
      }
      return answer.isGood();
    }
  }
}
