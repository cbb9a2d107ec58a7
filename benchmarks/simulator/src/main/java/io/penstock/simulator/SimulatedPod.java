package io.penstock.simulator;

import io.penstock.simulator.fault.Faults;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.http.PodServer;
import io.penstock.simulator.http.PodStats;
import io.penstock.simulator.http.ReceivedRequest;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * One running pod of a {@link Fleet}. Thread-safe; the methods wait for the pod's event loop, so
 * they must not be called on another event loop of the fleet.
 */
public final class SimulatedPod {

  private final PodServer server;

  SimulatedPod(PodServer server) {
    this.server = server;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** The port it listens on. */
  public int port() {
    return server.address().getPort();
  }

  /** Address and port as {@code host:port}, the way endpoint lists have it. */
  public String hostPort() {
    return server.address().getAddress().getHostAddress() + ":" + port();
  }

  /** The port at which other pods ask for KV cache; only of a pod that shares it. */
  public int kvPort() {
    return server.kvPort();
  }

  /** What it was made of. */
  public PodConfig config() {
    return server.config();
  }

  /** The switchboard of its faults; a switch is in force when the call returns. */
  public Faults faults() {
    return server.faults();
  }

  /** Its counts now. */
  public PodStats stats() {
    return server.stats();
  }

  /** The latest requests it received, oldest first. */
  public List<ReceivedRequest> received() {
    return server.received();
  }

  /** Forgets all cached blocks; false, and no effect, while a request holds one. */
  public boolean resetPrefixCache() {
    return server.resetPrefixCache();
  }

  /** Stops accepting, finishes open answers, and closes connections as they become idle. */
  public void stop() {
    server.stop(false);
  }

  /** Dies: connects are refused and all connections are reset. */
  public void kill() {
    server.stop(true);
  }
}
