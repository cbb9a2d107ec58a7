package io.penstock.picker.flow;

/**
 * How full a band is. Immutable.
 *
 * @param requestsShare used share of its bound of requests, 0 to 1
 * @param bytesShare used share of its bound of bytes, 0 to 1
 */
public record BandUse(int priority, double requestsShare, double bytesShare) {}
