/**
 * What the inner loops of the gateway cost, in ns and bytes per operation. Every class says how it
 * is run alone and what to expect; {@code benchmarks/bin/jmh} runs them all. Each benchmark owns
 * its state; nothing here is used by the product.
 */
@NullMarked
package io.penstock.jmh;

import org.jspecify.annotations.NullMarked;
