package io.penstock.tools.load;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a run does. Immutable; made by {@link #to}.
 *
 * @param target scheme http, with host and path
 * @param arrivals when requests are sent
 * @param connections how many are open at most, 1..1,000,000
 * @param warmupRequests how many of the first requests are not measured
 * @param requests how many are measured at most
 * @param duration for how long the measured requests are sent at most
 * @param timeout for one request, from its intended time
 * @param headers further header lines, {@code name: value}
 */
public record LoadSpec(
    URI target,
    Arrivals arrivals,
    int connections,
    long warmupRequests,
    long requests,
    Duration duration,
    Duration timeout,
    List<String> headers) {

  /** No bound on the duration. */
  public static final Duration UNBOUNDED = Duration.ofDays(365);

  private static final String DEFAULT_PATH = "/v1/chat/completions";

  /** Checks the values. */
  public LoadSpec {
    headers = List.copyOf(headers);
    if (target.getScheme() == null
        || !target.getScheme().toLowerCase(Locale.ROOT).equals("http")
        || target.getHost() == null) {
      throw new IllegalArgumentException(
          "the URL '" + target + "' is not one of a plain HTTP server, such as http://host:8080");
    }
    if (connections < 1 || connections > 1_000_000) {
      throw new IllegalArgumentException(
          "connections is " + connections + ", allowed: 1 to 1000000");
    }
    if (warmupRequests < 0) {
      throw new IllegalArgumentException("warm-up is " + warmupRequests + ", allowed: 0 or more");
    }
    if (requests < 1) {
      throw new IllegalArgumentException("requests is " + requests + ", allowed: 1 or more");
    }
    if (duration.isNegative() || duration.isZero() || duration.compareTo(UNBOUNDED) > 0) {
      throw new IllegalArgumentException("the duration must lie above 0 and within a year");
    }
    if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(UNBOUNDED) > 0) {
      throw new IllegalArgumentException("the timeout must lie above 0 and within a year");
    }
    for (String header : headers) {
      if (header.indexOf(':') < 1 || header.indexOf('\r') >= 0 || header.indexOf('\n') >= 0) {
        throw new IllegalArgumentException(
            "the header '" + header + "' is not of the form 'name: value'");
      }
    }
  }

  /** A run against a server, by default in a closed loop over 16 connections until stopped. */
  public static Builder to(URI target) {
    return new Builder(target);
  }

  /** Port of the target. */
  int port() {
    return target.getPort() < 0 ? 80 : target.getPort();
  }

  /** Path and query of the target, chat completions when there is no path. */
  String path() {
    String path = target.getRawPath();
    String query = target.getRawQuery();
    return (path == null || path.isEmpty() || path.equals("/") ? DEFAULT_PATH : path)
        + (query == null ? "" : "?" + query);
  }

  /** Collects a {@link LoadSpec}. */
  public static final class Builder {

    private final URI target;
    private final List<String> headers = new ArrayList<>();
    private Arrivals arrivals = new Arrivals.Saturation();
    private int connections = 16;
    private long warmupRequests;
    private long requests = Long.MAX_VALUE;
    private Duration duration = UNBOUNDED;
    private Duration timeout = Duration.ofSeconds(60);

    private Builder(URI target) {
      this.target = target;
    }

    /** Default {@link Arrivals.Saturation}. */
    public Builder arrivals(Arrivals value) {
      arrivals = value;
      return this;
    }

    /** Default 16. */
    public Builder connections(int most) {
      connections = most;
      return this;
    }

    /** Default 0. */
    public Builder warmupRequests(long count) {
      warmupRequests = count;
      return this;
    }

    /** Default unbounded. */
    public Builder requests(long most) {
      requests = most;
      return this;
    }

    /** Default unbounded. */
    public Builder duration(Duration most) {
      duration = most;
      return this;
    }

    /** Default 60 s. */
    public Builder timeout(Duration value) {
      timeout = value;
      return this;
    }

    /** Adds a header line, {@code name: value}. */
    public Builder header(String line) {
      headers.add(line);
      return this;
    }

    /** The specification, checked. */
    public LoadSpec build() {
      return new LoadSpec(
          target, arrivals, connections, warmupRequests, requests, duration, timeout, headers);
    }
  }
}
