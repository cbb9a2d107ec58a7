/**
 * This gateway, HAProxy, Envoy and the picker behind Envoy in one run: all pinned to one core, load
 * and mock pods on another, measured in alternating rounds. The driver is one thread; what is
 * measured runs in processes of its own.
 */
@NullMarked
package io.penstock.tools.beside;

import org.jspecify.annotations.NullMarked;
