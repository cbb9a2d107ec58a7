package io.penstock.picker.extproc;

/**
 * A number that the gateway is told of a response. Immutable.
 *
 * @param namespace of its metadata
 * @param key in it
 */
record Reported(String namespace, String key, long value) {}
