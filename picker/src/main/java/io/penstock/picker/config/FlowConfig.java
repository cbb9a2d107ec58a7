package io.penstock.picker.config;

import io.penstock.picker.flow.FlowSettings;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How requests are admitted, and which plugins say so. Immutable.
 *
 * @param bands policies of the bands that the file lists, by priority
 * @param limit name of the usage limit policy; like all names here empty where the gate is closed
 *     and the file names none
 */
public record FlowConfig(
    FlowSettings settings,
    SortedMap<Integer, BandPolicies> bands,
    BandPolicies defaultBand,
    BandPolicies defaultNegativeBand,
    String limit) {

  /** Names of the plugins of a band. */
  record BandPolicies(String fairness, String ordering) {}

  /** Copies the map. */
  public FlowConfig {
    bands = Collections.unmodifiableSortedMap(new TreeMap<>(bands));
  }
}
