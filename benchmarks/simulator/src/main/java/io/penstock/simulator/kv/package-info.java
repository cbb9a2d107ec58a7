/**
 * How KV cache moves between simulated pods: a prefill pod pins the blocks of a prompt under a
 * lease and names them; a decode pod dials it, is checked, takes the time of the transfer, and
 * releases them. Everything that goes wrong is counted. Confined to the pod's event loop.
 *
 * <p>The wire between pods is of the simulator's own: lines of text over TCP. What the names,
 * leases and errors mean is vLLM's.
 */
@NullMarked
package io.penstock.simulator.kv;

import org.jspecify.annotations.NullMarked;
