package io.penstock.proxy.disagg;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;

/**
 * A transfer whose words are known before anybody is asked: nothing of the prefill's answer is
 * handed on. Confined to the exchange's event loop.
 */
final class KnownTransfer implements PrefillLeg.Transfer {

  private final InferenceRequest request;
  private final boolean oneToken;
  private final byte[] prefill;
  private final byte[] decode;
  private final String rank;
  private HandedOut answer = HandedOut.NOTHING;

  /**
   * A transfer.
   *
   * @param oneToken whether the prefill is cut to one token, rather than left to its engine
   * @param prefill members of the prefill's body, a comma in front
   * @param decode members of the decode's body, a comma in front
   */
  KnownTransfer(InferenceRequest request, boolean oneToken, String prefill, String decode) {
    this(request, oneToken, prefill, decode, "");
  }

  /** The same to one of several engines behind the prefill's address. */
  KnownTransfer(
      InferenceRequest request, boolean oneToken, String prefill, String decode, String rank) {
    this.rank = rank;
    this.request = request;
    this.oneToken = oneToken;
    this.prefill = LegBody.ascii(prefill);
    this.decode = LegBody.ascii(decode);
  }

  @Override
  public ByteBuf prefillBody(ByteBuf body) {
    return oneToken
        ? LegBody.oneToken(body, request, prefill)
        : LegBody.with(body, request, prefill);
  }

  @Override
  public boolean take(byte[] bytes, int length) {
    answer = HandedOut.of(bytes, length);
    return true;
  }

  @Override
  public ByteBuf decodeBody(ByteBuf body) {
    return LegBody.with(body, request, decode);
  }

  @Override
  public ByteBuf releaseBody(ByteBuf body) {
    return LegBody.oneToken(body, request, decode);
  }

  @Override
  public String prefillRank() {
    return rank;
  }

  @Override
  public int promptTokens() {
    return answer.promptTokens();
  }

  @Override
  public int cachedTokens() {
    return answer.cachedTokens();
  }
}
