package io.penstock.picker.scrape;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.ServedModel;
import java.util.List;

/** Told on the control thread what scraping finds out; the assembly passes it to the pool. */
public interface ScrapeListener {

  /**
   * An endpoint lists other models than before. Times of creation and ids of permissions, which
   * vLLM makes up anew for every answer, do not count as a change.
   */
  void models(EndpointId id, List<ServedModel> models);

  /** The engine of an endpoint has lost its KV cache: it started anew, or was asleep. */
  void emptied(Endpoint endpoint);

  /** The scraper of a removed endpoint has stopped and forgotten the slot's signals. */
  void stopped(Endpoint endpoint);
}
