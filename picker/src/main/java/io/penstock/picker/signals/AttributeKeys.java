package io.penstock.picker.signals;

import java.util.List;

/**
 * The attributes that custom metrics make up, each with its place in columns. Immutable; another
 * object is another set, whatever its names are.
 */
final class AttributeKeys {

  static final AttributeKeys NONE = new AttributeKeys(List.of());

  private final List<String> names;

  AttributeKeys(List<String> names) {
    this.names = List.copyOf(names);
  }

  int count() {
    return names.size();
  }

  /** Place of an attribute, -1 for one that is not there. */
  int indexOf(String name) {
    return names.indexOf(name);
  }
}
