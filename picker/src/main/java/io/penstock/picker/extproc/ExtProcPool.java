package io.penstock.picker.extproc;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.schedule.OutlierDetector;

/**
 * A pool that streams may ask for.
 *
 * @param name by which gateways ask for it
 * @param picker chooses among its endpoints
 * @param health told how their answers end; the picker asks it who is ejected
 */
public record ExtProcPool(String name, PoolPicker picker, OutlierDetector health) {}
