package io.penstock.picker.config;

/**
 * A plugin of a configuration. Immutable.
 *
 * @param name unique in the configuration
 * @param origin where it is from: file and line, or the rule that added it
 */
public record Plugin(String name, PluginType type, Values parameters, String origin) {}
