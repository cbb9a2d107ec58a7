package io.penstock.picker.signals;

import java.util.List;

/**
 * What an engine says of its LoRA adapters. Immutable.
 *
 * @param max adapters that fit on the device at once; 0 when the engine has no LoRA
 * @param running names of the adapters that requests run with now
 * @param waiting names of the adapters that requests wait for
 */
public record LoraAdapters(int max, List<String> running, List<String> waiting) {

  /** An engine without LoRA, or one that has not been heard. */
  public static final LoraAdapters NONE = new LoraAdapters(0, List.of(), List.of());

  /** Copies the lists. */
  public LoraAdapters {
    running = List.copyOf(running);
    waiting = List.copyOf(waiting);
  }
}
