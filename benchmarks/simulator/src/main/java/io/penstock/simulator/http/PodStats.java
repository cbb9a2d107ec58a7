package io.penstock.simulator.http;

import io.penstock.simulator.kv.KvStats;

/**
 * Counts of one pod at one moment. Immutable.
 *
 * @param running sequences in the engine's batch
 * @param waiting sequences in its queue
 * @param kvCacheUsage share of KV blocks in use, 0..1
 * @param requests requests received, of any route
 * @param inferenceRequests of these, POSTs under {@code /v1/} and to the APIs of token ids
 * @param promptTokens prompt tokens of finished prefills
 * @param cachedTokens of these, tokens found in the cache
 * @param generatedTokens tokens generated
 * @param aborts answers that the client left before they were finished
 * @param openConnections connections open now
 * @param acceptedConnections connections ever accepted
 * @param kv what became of KV cache that moved between pods
 */
public record PodStats(
    int running,
    int waiting,
    double kvCacheUsage,
    long requests,
    long inferenceRequests,
    long promptTokens,
    long cachedTokens,
    long generatedTokens,
    long aborts,
    int openConnections,
    long acceptedConnections,
    KvStats kv) {}
