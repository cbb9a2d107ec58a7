package io.penstock.picker.assembly;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.random.RandomGenerator;

/**
 * What a picker knows of its pool. Event loops read all of it; who writes a part is for that part
 * to say.
 *
 * @param pool the endpoints
 * @param signals what the engines say of themselves
 * @param inFlight what this process, and replicas that tell, have sent and not got back
 * @param index which endpoint holds which blocks
 * @param costs what requests are expected to take
 */
record PoolState(
    Pool pool, EngineSignals signals, InFlight inFlight, PrefixIndex index, CostModel costs) {

  /** Working memory for a scheduler that decides by it, for one thread. */
  SchedulingContext context(Scheduler scheduler, RandomGenerator random) {
    return scheduler.context(signals, inFlight, index, random);
  }
}
