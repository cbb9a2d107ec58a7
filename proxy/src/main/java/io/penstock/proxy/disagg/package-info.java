/**
 * How the connectors of the engines hand a prompt's KV cache from one pod to another: what each leg
 * of a divided request is sent. The bytes of the client's body are patched by spans, never written
 * anew; what an engine hands out goes on as it came.
 *
 * <p>Who is asked when, and what follows from failures, is in {@code proxy.exchange}.
 */
@NullMarked
package io.penstock.proxy.disagg;

import org.jspecify.annotations.NullMarked;
