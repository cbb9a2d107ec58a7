/** Wires the controller: start order, leader election, metrics, the way out. */
@NullMarked
package io.penstock.controller.app;

import org.jspecify.annotations.NullMarked;
