/**
 * JSON as the simulated pods read and write it: a strict reader into an immutable tree, and a
 * writer whose bytes are those of Python's compact encoder. Values are immutable; a writer belongs
 * to whoever made it.
 */
@NullMarked
package io.penstock.simulator.json;

import org.jspecify.annotations.NullMarked;
