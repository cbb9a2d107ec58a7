package io.penstock.simulator.http;

/**
 * What every answer to a request of generation says besides its text. Immutable.
 *
 * @param id without the prefix of its API
 * @param created seconds since 1970
 * @param model the name answered
 * @param fingerprint of the server
 * @param n choices of each prompt
 * @param includeUsage whether a stream ends with a chunk of usage
 * @param continuousUsage whether every chunk carries usage
 * @param details whether usage tells cached tokens
 * @param returnTokenIds whether token ids are answered beside the text
 * @param blockSize tokens of a KV block
 */
record AnswerFacts(
    String id,
    long created,
    String model,
    String fingerprint,
    int n,
    boolean includeUsage,
    boolean continuousUsage,
    boolean details,
    boolean returnTokenIds,
    int blockSize) {}
