/**
 * The HTTP/1.1 face of a simulated pod: connections, routes, and answers whose bytes are those of
 * vLLM behind uvicorn. Everything of a pod is confined to that pod's one event loop; only what says
 * so may be read from elsewhere.
 */
@NullMarked
package io.penstock.simulator.http;

import org.jspecify.annotations.NullMarked;
