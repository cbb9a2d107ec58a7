package io.penstock.proxy.disagg;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.exchange.PrefillLeg;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * vLLM's MooncakeConnector: both legs carry one transfer id and go out together, and the decode is
 * told which engine has the prompt. Thread-safe.
 */
public final class MooncakeLeg implements PrefillLeg {

  private final MooncakeEngines engines;

  /** Legs between a pool's pods. */
  public MooncakeLeg(MooncakeEngines engines) {
    this.engines = engines;
  }

  @Override
  public boolean concurrent() {
    return true;
  }

  @Override
  public boolean holdsPrompts() {
    return true;
  }

  @Override
  public void doubt(Endpoint prefill) {
    engines.doubt(prefill);
  }

  @Override
  public @Nullable Transfer transfer(
      InferenceRequest request, Endpoint prefill, RandomGenerator random) {
    var engine = engines.of(prefill);
    if (engine == null) {
      return null;
    }
    String id = "xfer-" + TransferId.of(random);
    return new KnownTransfer(
        request,
        true,
        ",\"kv_transfer_params\":{\"do_remote_prefill\":false,\"do_remote_decode\":true,"
            + "\"transfer_id\":\""
            + id
            + "\"}",
        ",\"kv_transfer_params\":{\"do_remote_prefill\":true,\"do_remote_decode\":false,"
            + "\"transfer_id\":\""
            + id
            + "\",\"remote_bootstrap_addr\":\""
            + MooncakeEngines.address(prefill)
            + "\",\"remote_engine_id\":\""
            + engine.id()
            + "\"}",
        engine.rank());
  }
}
