/**
 * This gateway beside HAProxy in one run: both pinned to one core, load and mock pods on another,
 * measured in alternating rounds. The driver is one thread; proxies are processes.
 */
@NullMarked
package io.penstock.tools.beside;

import org.jspecify.annotations.NullMarked;
