package io.penstock.proxy.disagg;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * vLLM's NixlConnector: the prefill's answer says where the prompt's blocks are, and the decode is
 * told so in the same words. Stateless.
 *
 * <p>The parameters are opaque: whatever members they have, and whatever numbers, they go on as the
 * bytes that came.
 */
final class NixlLeg implements PrefillLeg {

  private static final byte[] REMOTE_DECODE =
      LegBody.ascii(
          ",\"kv_transfer_params\":{\"do_remote_decode\":true,\"do_remote_prefill\":false,"
              + "\"remote_engine_id\":null,\"remote_block_ids\":null,\"remote_host\":null,"
              + "\"remote_port\":null}");
  private static final byte[] NAME = LegBody.ascii(",\"kv_transfer_params\":");

  @Override
  public boolean concurrent() {
    return false;
  }

  @Override
  public boolean holdsPrompts() {
    return true;
  }

  @Override
  public Transfer transfer(InferenceRequest request, Endpoint prefill, RandomGenerator random) {
    return new Blocks(request);
  }

  private static final class Blocks implements Transfer {

    private final InferenceRequest request;
    private byte[] member = new byte[0];
    private HandedOut handed = HandedOut.NOTHING;

    Blocks(InferenceRequest request) {
      this.request = request;
    }

    @Override
    public ByteBuf prefillBody(ByteBuf body) {
      return LegBody.oneToken(body, request, REMOTE_DECODE);
    }

    @Override
    public boolean take(byte[] answer, int length) {
      handed = HandedOut.of(answer, length);
      if (!handed.any()) {
        return false;
      }
      int size = handed.end() - handed.start();
      member = Arrays.copyOf(NAME, NAME.length + size);
      System.arraycopy(answer, handed.start(), member, NAME.length, size);
      return true;
    }

    @Override
    public ByteBuf decodeBody(ByteBuf body) {
      return LegBody.with(body, request, member);
    }

    @Override
    public ByteBuf releaseBody(ByteBuf body) {
      return LegBody.oneToken(body, request, member);
    }

    @Override
    public int promptTokens() {
      return handed.promptTokens();
    }

    @Override
    public int cachedTokens() {
      return handed.cachedTokens();
    }
  }
}
