package io.penstock.proxy.disagg;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.random.RandomGenerator;

/**
 * vLLM's OffloadingConnector with a tier of peers: both legs carry one id of the gateway's, and the
 * decode where to ask for it. Stateless.
 *
 * <p>One leg after the other: the engine that loads gives up after 30 s, which a prefill that has
 * just been queued may well take.
 */
final class OffloadingLeg implements PrefillLeg {

  private static final int USUAL_PORT = 7_777;

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
    String id = TransferId.of(random);
    return new KnownTransfer(
        request,
        true,
        ",\"kv_transfer_params\":{\"remote_decoder\":{\"kv_request_id\":\"" + id + "\"}}",
        ",\"kv_transfer_params\":{\"remote_prefiller\":{\"kv_request_id\":\""
            + id
            + "\",\"remote_host\":\""
            + prefill.spec().host()
            + "\",\"remote_port\":"
            + KvPort.of(prefill, USUAL_PORT)
            + "}}");
  }
}
