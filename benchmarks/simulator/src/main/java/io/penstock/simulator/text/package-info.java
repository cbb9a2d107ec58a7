/**
 * The simulated model's language: its tokenizer, its chat template and the text it makes up.
 *
 * <p>Everything here is immutable and thread-safe; nothing knows of engines or of HTTP.
 */
@NullMarked
package io.penstock.simulator.text;

import org.jspecify.annotations.NullMarked;
