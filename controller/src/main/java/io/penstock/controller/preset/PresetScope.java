package io.penstock.controller.preset;

/**
 * Where presets are looked for.
 *
 * @param systemNamespace asked after the service's own namespace
 * @param prefix what names of configs that replace a built-in one begin with
 */
public record PresetScope(String systemNamespace, String prefix) {}
