package io.penstock.picker.config;

/** What a plugin can be referred to as. */
public enum PluginKind {
  FILTER("a filter"),
  SCORER("a scorer"),
  PICKER("a picker"),
  PROFILE_HANDLER("a profile handler"),
  PRODUCER("a data producer"),
  SATURATION_DETECTOR("a saturation detector"),
  PARSER("a parser"),
  DATA_SOURCE("a data source"),
  EXTRACTOR("an extractor"),
  FAIRNESS_POLICY("a fairness policy"),
  ORDERING_POLICY("an ordering policy"),
  USAGE_LIMIT_POLICY("a usage limit policy"),
  DECIDER("a decider"),
  REQUEST_CONTROL("a request-control plugin");

  private final String words;

  PluginKind(String words) {
    this.words = words;
  }

  /** With its article, for messages. */
  String words() {
    return words;
  }

  /** Whether a scheduling profile can hold it. */
  boolean isOfProfiles() {
    return this == FILTER || this == SCORER || this == PICKER;
  }
}
