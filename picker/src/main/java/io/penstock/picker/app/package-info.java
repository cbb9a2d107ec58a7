/**
 * Wires the stand-alone picker: pools with their sources, gRPC servers, the metrics page, drain.
 *
 * <p>{@link io.penstock.picker.app.PickerApp} makes everything top to bottom and closes it in the
 * reverse; only the command imports this package.
 */
@NullMarked
package io.penstock.picker.app;

import org.jspecify.annotations.NullMarked;
