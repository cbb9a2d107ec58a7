package io.penstock.picker.config;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One type of plugin: its literal name, what it is, and its parameters. Immutable.
 *
 * @param alpha whether llm-d takes it only with {@code --allow-experimental-plugins}
 * @param warning said where the plugin is named, empty for none: what it does not do here
 * @param maker makes the plugin of its parameters; for what profiles hold and for profile handlers
 */
public record PluginType(
    String name,
    Set<PluginKind> kinds,
    boolean alpha,
    String doc,
    List<Parameter> parameters,
    String warning,
    Maker maker) {

  /** Makes a plugin. */
  @FunctionalInterface
  interface Maker {

    /** A Filter, Scorer, Picker or ProfileHandler as the kinds say. */
    Object make(Values parameters, Parts parts);
  }

  private static final Maker NONE =
      (parameters, parts) -> {
        throw new IllegalStateException("nothing is made of it");
      };

  /** Copies the collections. */
  public PluginType {
    kinds = Set.copyOf(kinds);
    parameters = List.copyOf(parameters);
  }

  static PluginType of(PluginKind kind, String name, String doc, Maker maker, Parameter... of) {
    return new PluginType(name, Set.of(kind), false, doc, List.of(of), "", maker);
  }

  /** One that is accepted because what it stands for happens in any case. */
  static PluginType builtIn(
      PluginKind kind, String name, String doc, String warning, Parameter... of) {
    return new PluginType(name, Set.of(kind), false, doc, List.of(of), warning, NONE);
  }

  PluginType and(PluginKind kind) {
    Set<PluginKind> both = new HashSet<>(kinds);
    both.add(kind);
    return new PluginType(name, both, alpha, doc, parameters, warning, maker);
  }

  PluginType experimental() {
    return new PluginType(name, kinds, true, doc, parameters, warning, maker);
  }

  PluginType warning(String text) {
    return new PluginType(name, kinds, alpha, doc, parameters, text, maker);
  }

  boolean is(PluginKind kind) {
    return kinds.contains(kind);
  }
}
