package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What a source has told so far, deltas added up. */
final class ToldEndpoints implements Consumer<PoolDelta> {

  int deltas;
  private final Map<String, EndpointSpec> endpoints = new TreeMap<>();

  @Override
  public void accept(PoolDelta delta) {
    deltas++;
    delta.removals().stream().map(EndpointId::value).forEach(endpoints::remove);
    delta.upserts().forEach(spec -> endpoints.put(spec.id().value(), spec));
  }

  List<String> names() {
    return endpoints.values().stream().map(EndpointSpec::name).toList();
  }

  EndpointSpec get(String id) {
    return endpoints.get(id);
  }
}
