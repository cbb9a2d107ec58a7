package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

/** Policies of a configuration of llm-d's, from everything below its head. */
public final class TestPolicy {

  private static final String HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";

  private TestPolicy() {}

  /** A policy without experimental plugins. */
  public static EndpointPickerConfig of(String configuration) {
    return load(configuration, false);
  }

  /** A policy that may have experimental plugins. */
  public static EndpointPickerConfig experimental(String configuration) {
    return load(configuration, true);
  }

  private static EndpointPickerConfig load(String configuration, boolean experimental) {
    var loaded = EndpointPickerLoader.load("test", HEAD + configuration, experimental);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    return ((LoadedPicker.Valid) loaded).config();
  }
}
