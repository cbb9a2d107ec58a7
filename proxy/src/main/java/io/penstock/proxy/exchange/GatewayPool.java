package io.penstock.proxy.exchange;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.schedule.OutlierDetector;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.upstream.RetryBudget;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pool as the gateway uses it. Thread-safe: its parts are.
 *
 * @param name unique in the gateway
 * @param models models routed here by configuration; empty: whatever the pods list
 * @param picker chooses the endpoint
 * @param health what the gateway saw of the endpoints
 * @param retries how many retries the pool allows beside its first tries
 * @param tls how TLS is spoken to the pods; null: plain text
 * @param division how requests are divided where some pods only prefill
 */
public record GatewayPool(
    String name,
    List<String> models,
    PoolPicker picker,
    OutlierDetector health,
    RetryBudget retries,
    @Nullable PodTls tls,
    Division division) {

  /** Copies the models. */
  public GatewayPool {
    models = List.copyOf(models);
  }

  /** Whether requests for the model go to this pool. */
  boolean routes(String model) {
    return (models.isEmpty() ? picker.snapshot().serves(model) : models.contains(model))
        || picker.rules().namedModels().contains(model);
  }

  /** Whether an endpoint accepts requests and has listed a model. */
  public boolean ready() {
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.accepts() && !endpoint.models().isEmpty()) {
        return true;
      }
    }
    return false;
  }
}
