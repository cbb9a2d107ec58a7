package io.penstock.controller.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OwnCertificatesTest {

  private static final List<String> NAMES =
      List.of("penstock-webhook.penstock-system.svc", "127.0.0.1", "fd00::7");

  private final MemoryStore store = new MemoryStore();
  private Instant now = Instant.parse("2026-11-28T12:00:00Z");

  @Test
  void the_first_start_makes_an_authority_and_a_certificate_and_the_next_keeps_them()
      throws Exception {
    var first = open();
    var again = open();

    assertThat(again.current()).isEqualTo(first.current());
    assertThat(store.writes).isEqualTo(1);
    assertThat(first.current().bundle()).containsOnlyOnce("BEGIN CERTIFICATE");
    assertTrusted(first.current().server(), first.current());
  }

  @Test
  void nothing_is_written_while_nothing_is_due() throws Exception {
    var own = open();
    now = now.plus(Authorities.SERVER_LIFE.dividedBy(2));
    own.poll();
    assertThat(store.writes).isEqualTo(1);
  }

  @Test
  void a_certificate_is_renewed_while_a_third_of_its_life_is_left() throws Exception {
    var own = open();
    var before = own.current();
    now = now.plus(Authorities.SERVER_LIFE.multipliedBy(2).dividedBy(3)).plusSeconds(1);

    var after = own.poll();

    assertThat(after.all()).isEqualTo(before.all());
    assertThat(after.server()).isNotEqualTo(before.server());
    assertThat(own.identity().getCertificateChain("2")[0]).isEqualTo(after.server().certificate());
  }

  @Test
  void over_ten_years_whoever_knew_the_authorities_before_trusts_what_is_shown_now()
      throws Exception {
    var own = open();
    Set<Identity> authorities = new HashSet<>();
    var before = own.current();
    for (int day = 0; day < 10 * 365; day += 5) {
      now = now.plus(Duration.ofDays(5));
      var after = own.poll();

      after.server().certificate().checkValidity(Date.from(now));
      assertTrusted(after.server(), before);
      assertTrusted(before.server(), after);
      assertThat(after.all()).hasSizeBetween(1, 3);
      authorities.addAll(after.all());
      before = after;
    }
    assertThat(authorities.size()).isBetween(5, 7);
    assertThat(store.writes).isLessThan(100);
  }

  @Test
  void replicas_that_start_at_once_end_with_the_same() throws Exception {
    store.beforeReplace = () -> renewBy(NAMES);

    var own = open();

    assertThat(own.current().data()).isEqualTo(store.stored.data());
    assertThat(store.writes).isEqualTo(1);
  }

  @Test
  void a_name_that_the_certificate_lacks_makes_a_new_one_of_the_same_authority() throws Exception {
    var before = open().current();

    var after = OwnCertificates.open(store, List.of("other.svc"), () -> now).current();

    assertThat(after.all()).isEqualTo(before.all());
    assertThat(after.server()).isNotEqualTo(before.server());
  }

  @Test
  void what_somebody_broke_is_made_anew() throws Exception {
    for (var key : List.of("ca.crt", "ca.key.0", "tls.crt", "tls.key")) {
      var before = open().current();
      Map<String, String> data = new HashMap<>(store.stored.data());
      data.put(key, "broken");
      store.stored = new CertificateStore.Stored("broken", data);

      var after = open().current();

      assertThat(after).as(key).isNotEqualTo(before);
      assertTrusted(after.server(), after);
    }
  }

  @Test
  void a_store_that_cannot_be_asked_leaves_what_was() throws Exception {
    var own = open();
    var before = own.current();
    store.failing = true;

    assertThatThrownBy(own::poll).isInstanceOf(IOException.class);
    assertThat(own.current()).isEqualTo(before);
  }

  private OwnCertificates open() throws IOException {
    return OwnCertificates.open(store, NAMES, () -> now);
  }

  /** Another replica, faster. */
  private void renewBy(List<String> names) {
    try {
      var made = Authorities.renewed(null, names, now);
      store.put(made.data());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static void assertTrusted(Identity server, Authorities by) {
    assertThat(by.all()).anyMatch(authority -> signed(authority, server));
  }

  private static boolean signed(Identity authority, Identity server) {
    try {
      server.certificate().verify(authority.certificate().getPublicKey());
      return true;
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  /** A Secret. */
  private static final class MemoryStore implements CertificateStore {
    private Stored stored;
    private int writes;
    private boolean failing;
    private Runnable beforeReplace = () -> {};

    @Override
    public Stored read() throws IOException {
      if (failing) {
        throw new IOException("no API server");
      }
      return stored;
    }

    @Override
    public boolean replace(Stored before, Map<String, String> data) {
      var faster = beforeReplace;
      beforeReplace = () -> {};
      faster.run();
      if (!Objects.equals(before, stored)) {
        return false;
      }
      put(data);
      return true;
    }

    void put(Map<String, String> data) {
      writes++;
      stored = new Stored("v" + writes, data);
    }
  }
}
