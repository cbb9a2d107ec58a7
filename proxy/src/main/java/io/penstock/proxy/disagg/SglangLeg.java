package io.penstock.proxy.disagg;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.random.RandomGenerator;

/**
 * SGLang's disaggregation: both legs carry the same body and meet in a room at the prefill's
 * bootstrap server, so they go out together. Stateless.
 *
 * <p>The room is any of 2^63 numbers: two requests that met in one would read each other's prompts.
 */
final class SglangLeg implements PrefillLeg {

  private static final int USUAL_PORT = 8_998;

  @Override
  public boolean concurrent() {
    return true;
  }

  @Override
  public boolean holdsPrompts() {
    return true;
  }

  @Override
  public Transfer transfer(InferenceRequest request, Endpoint prefill, RandomGenerator random) {
    String host = prefill.spec().host();
    String room =
        ",\"bootstrap_host\":\""
            + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
            + "\",\"bootstrap_port\":"
            + KvPort.of(prefill, USUAL_PORT)
            + ",\"bootstrap_room\":"
            + (random.nextLong() >>> 1);
    return new KnownTransfer(request, false, room, room);
  }
}
