package io.penstock.picker.config;

import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.schedule.Picker;
import java.util.List;

/** What plugins are made with, besides their parameters. */
interface Parts {

  /** The picker by expected cost, over the pool's cost model. */
  Picker expectedCost(CostWeights weights);

  /** Names of the profiles, in order. */
  List<String> profiles();

  /**
   * The parameters of a producer.
   *
   * @param name of the plugin; empty for the only one of that type, or its defaults
   */
  Values producer(String type, String name);
}
