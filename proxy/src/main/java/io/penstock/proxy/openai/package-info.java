/**
 * The OpenAI-compatible surface: which paths exist, what the gateway's own errors look like, what
 * of a client's head a pod gets to see, which models there are, who may use them.
 *
 * <p>Nothing here does I/O on the data path. Tables are immutable; {@link
 * io.penstock.proxy.openai.ApiKeys}, {@link io.penstock.proxy.openai.ModelListing} and {@link
 * io.penstock.proxy.openai.ResponseOwners} are thread-safe.
 */
@NullMarked
package io.penstock.proxy.openai;

import org.jspecify.annotations.NullMarked;
