package io.penstock.proxy.exchange;

import io.penstock.proxy.metrics.AccessLog;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.metrics.ModelMetrics;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.metrics.Timeline.Event;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.openai.ModelListing;
import io.penstock.proxy.openai.ResponseOwners;
import io.penstock.proxy.trace.Tracing;

/**
 * What all exchanges of the process share. Thread-safe: everything here is immutable, lock-free or
 * one volatile field.
 */
public final class Gateway {

  private final String version;
  private final PoolDirectory pools;
  private final ModelListing models;
  private final ResponseOwners owners;
  private final ApiKeys keys;
  private final GatewayMetrics metrics;
  private final AccessLog accessLog;
  private final BodyBudget bodies;
  private final Tracing tracing;
  private volatile ExchangeSettings settings;
  private volatile boolean draining;

  /** The shared parts of one gateway. */
  public Gateway(
      String version,
      PoolDirectory pools,
      ModelListing models,
      ResponseOwners owners,
      ApiKeys keys,
      GatewayMetrics metrics,
      AccessLog accessLog,
      BodyBudget bodies,
      Tracing tracing,
      ExchangeSettings settings) {
    this.version = version;
    this.pools = pools;
    this.models = models;
    this.owners = owners;
    this.keys = keys;
    this.metrics = metrics;
    this.accessLog = accessLog;
    this.bodies = bodies;
    this.tracing = tracing;
    this.settings = settings;
  }

  /** The settings in force. */
  public ExchangeSettings settings() {
    return settings;
  }

  /** Replaces the settings; exchanges that run see them from their next step on. */
  public void settings(ExchangeSettings next) {
    settings = next;
  }

  /** From now on answers ask clients to go elsewhere. */
  public void drain() {
    draining = true;
  }

  /** Whether the gateway is on its way out. */
  public boolean draining() {
    return draining;
  }

  /** Whether requests can be answered. */
  public boolean ready() {
    return pools.ready();
  }

  /** The pools. */
  public PoolDirectory pools() {
    return pools;
  }

  /** The counts. */
  public GatewayMetrics metrics() {
    return metrics;
  }

  /** The cap on request bodies held. */
  public BodyBudget bodies() {
    return bodies;
  }

  Tracing tracing() {
    return tracing;
  }

  String version() {
    return version;
  }

  ModelListing models() {
    return models;
  }

  ResponseOwners owners() {
    return owners;
  }

  ApiKeys keys() {
    return keys;
  }

  /** Counts a request that has ended, and writes its line. */
  void ended(RequestFacts facts) {
    String name = facts.model();
    ModelMetrics model = name == null ? metrics.unknownModel() : metrics.model(name);
    GatewayError error = facts.error;
    switch (facts.outcome()) {
      case COMPLETED -> metrics.completed(model);
      case CLIENT_CANCELLED -> metrics.cancelled(model);
      case FAILED -> metrics.failed(error == null ? GatewayError.INTERNAL_ERROR : error);
      case REJECTED -> metrics.rejected(error == null ? GatewayError.INTERNAL_ERROR : error);
    }
    if (facts.outcome() == Outcome.COMPLETED && facts.request != null) {
      model.tokens(facts.inputTokens(), facts.cachedTokens(), facts.outputTokens());
      boolean streamed = facts.stream() && facts.status() < 400;
      model.times(facts.timeline(), facts.outputTokens(), streamed, facts.trace());
    }
    if (facts.trace != null) {
      facts.trace.end(facts, facts.timeline().at(Event.ENDED));
    }
    accessLog.write(facts);
  }
}
