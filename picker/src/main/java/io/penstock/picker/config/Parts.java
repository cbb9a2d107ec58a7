package io.penstock.picker.config;

import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.schedule.Picker;
import java.util.List;

/** What plugins are made with, besides their parameters. */
interface Parts {

  /** The picker by expected cost, over the pool's cost model. */
  Picker expectedCost(CostWeights weights);

  /** The plugin of that name, made when it was not yet. */
  Object plugin(String name);

  /** Time that the KV cache of so many tokens takes from one endpoint to another. */
  long handOverNanos(int tokens);

  /** Names of the profiles, in order. */
  List<String> profiles();

  /** How many endpoints the picker of that profile names at most. */
  int destinations(int profile);

  /**
   * The parameters of a producer.
   *
   * @param name of the plugin; empty for the only one of that type, or its defaults
   */
  Values producer(String type, String name);
}
