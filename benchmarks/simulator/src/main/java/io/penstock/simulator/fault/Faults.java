package io.penstock.simulator.fault;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The faults of one pod. Thread-safe: the list is immutable and replaced whole; how often a limited
 * fault may still strike is an atomic count. Faults of an answer strike in the order in which they
 * were switched on, one per answer.
 */
public final class Faults {

  private final AtomicReference<List<Armed>> armed = new AtomicReference<>(List.of());
  private final Runnable changed;

  private record Armed(Fault fault, AtomicInteger left) {

    boolean take() {
      return left.getAndUpdate(n -> n == FaultSpec.ALWAYS || n == 0 ? n : n - 1) > 0;
    }
  }

  /** No faults yet; {@code changed} runs on the calling thread after every switch. */
  public Faults(Runnable changed) {
    this.changed = changed;
  }

  /** Switches a fault on until {@link #clear}. */
  public void add(Fault fault) {
    add(new FaultSpec(fault, FaultSpec.ALWAYS));
  }

  /** Switches a fault on for the next {@code times} answers or connections. */
  public void add(Fault fault, int times) {
    add(new FaultSpec(fault, times));
  }

  /** Switches a fault on. */
  public void add(FaultSpec spec) {
    armed.updateAndGet(
        list -> {
          List<Armed> longer = new ArrayList<>(list);
          longer.add(new Armed(spec.fault(), new AtomicInteger(spec.times())));
          return List.copyOf(longer);
        });
    changed.run();
  }

  /** Replaces whatever is on by this one fault. */
  public void set(Fault fault) {
    armed.set(List.of(new Armed(fault, new AtomicInteger(FaultSpec.ALWAYS))));
    changed.run();
  }

  /** Switches all faults off. */
  public void clear() {
    armed.set(List.of());
    changed.run();
  }

  /** The faults that can still strike. */
  public List<Fault> active() {
    return armed.get().stream().filter(a -> a.left.get() > 0).map(Armed::fault).toList();
  }

  /** The first active fault of a kind that is not counted by answers. */
  public <F extends Fault> Optional<F> find(Class<F> kind) {
    for (Armed each : armed.get()) {
      if (kind.isInstance(each.fault) && each.left.get() > 0) {
        return Optional.of(kind.cast(each.fault));
      }
    }
    return Optional.empty();
  }

  /** Takes the next fault of a kind, counting it as having struck. */
  public <F extends Fault> Optional<F> take(Class<F> kind) {
    for (Armed each : armed.get()) {
      if (kind.isInstance(each.fault) && each.take()) {
        return Optional.of(kind.cast(each.fault));
      }
    }
    return Optional.empty();
  }
}
