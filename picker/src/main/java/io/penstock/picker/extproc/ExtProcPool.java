package io.penstock.picker.extproc;

import io.penstock.picker.assembly.PoolPicker;

/**
 * A pool that streams may ask for.
 *
 * @param name by which gateways ask for it
 * @param picker chooses among its endpoints
 */
public record ExtProcPool(String name, PoolPicker picker) {}
