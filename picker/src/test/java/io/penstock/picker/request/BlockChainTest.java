package io.penstock.picker.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.dynatrace.hash4j.hashing.Hashing;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlockChainTest {

  private final Random random = new Random(4);

  @Test
  void aBlocksHashIsXxh64SeededWithTheOneBefore() {
    byte[] bytes = bytes(3 * 256 + 100);
    var chain = new BlockChain();

    chain.update(bytes, 0, bytes.length);

    assertThat(chain.count()).isEqualTo(3);
    assertThat(chain.length()).isEqualTo(bytes.length);
    long hash = 0;
    for (int i = 0; i < 3; i++) {
      hash = Hashing.xxh64(hash).hashBytesToLong(bytes, i * 256, 256);
      assertThat(chain.hash(i)).isEqualTo(hash);
    }
  }

  @Test
  void doesNotDependOnHowTheBytesArrive() {
    byte[] bytes = bytes(2_000);
    var whole = new BlockChain();
    whole.update(bytes, 0, bytes.length);

    for (int round = 0; round < 200; round++) {
      var cut = new BlockChain();
      int i = 0;
      while (i < bytes.length) {
        int next = Math.min(bytes.length, i + random.nextInt(600));
        if (next == i + 1) {
          cut.put(bytes[i]);
        } else if (next == i + 4) {
          cut.putInt(
              (bytes[i] & 0xff)
                  | (bytes[i + 1] & 0xff) << 8
                  | (bytes[i + 2] & 0xff) << 16
                  | bytes[i + 3] << 24);
        } else {
          cut.update(bytes, i, next);
        }
        i = next;
      }
      assertThat(cut.count()).isEqualTo(whole.count());
      assertThat(cut.hash(cut.count() - 1)).isEqualTo(whole.hash(whole.count() - 1));
      assertThat(cut.digest()).isEqualTo(whole.digest());
    }
  }

  @Test
  void putsIntsAcrossTheEndOfABlock() {
    var ints = new BlockChain();
    var bytes = new BlockChain();

    ints.put((byte) 9);
    bytes.put((byte) 9);
    for (int i = 0; i < 200; i++) {
      ints.putInt(i * 0x01020304);
      for (int shift = 0; shift < 32; shift += 8) {
        bytes.put((byte) ((i * 0x01020304) >>> shift));
      }
    }

    assertThat(ints.count()).isEqualTo(3);
    assertThat(ints.digest()).isEqualTo(bytes.digest());
  }

  @Test
  void theDigestCoversTheLastPartialBlockAndItsLength() {
    var one = new BlockChain();
    var two = new BlockChain();
    one.update(new byte[] {0}, 0, 1);
    two.update(new byte[] {0, 0}, 0, 2);

    assertThat(one.digest()).isNotEqualTo(two.digest()).isNotEqualTo(new BlockChain().digest());
  }

  @Test
  void startsAnewAfterReset() {
    byte[] bytes = bytes(256 * 20_000);
    var used = new BlockChain();
    used.update(bytes, 0, bytes.length);
    used.reset();
    var fresh = new BlockChain();

    used.update(bytes, 0, 700);
    fresh.update(bytes, 0, 700);

    assertThat(used.count()).isEqualTo(2);
    assertThat(used.digest()).isEqualTo(fresh.digest());
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
