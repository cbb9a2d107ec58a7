package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * Finds the newest of the series {@code lora_requests_info}, whose value is the time at which its
 * labels were true: old label sets stay on the page for ever. The record is made anew only when the
 * labels differ from those of the last page. Owned by one scanner.
 */
final class LoraSeries {

  private static final byte[] MAX = "max_lora".getBytes(US_ASCII);
  private static final byte[] RUNNING = "running_lora_adapters".getBytes(US_ASCII);
  private static final byte[] WAITING = "waiting_lora_adapters".getBytes(US_ASCII);

  private double newest;
  private final Labels candidate = new Labels();
  private final Labels known = new Labels();
  private LoraAdapters adapters = LoraAdapters.NONE;

  /** A new page. */
  void begin() {
    newest = Double.NEGATIVE_INFINITY;
    candidate.clear();
  }

  /** One series. */
  void read(SampleLine line) {
    if (line.value < newest) {
      return;
    }
    newest = line.value;
    candidate.clear();
    double max = line.number(MAX);
    candidate.max = max >= 0 ? (int) max : 0;
    candidate.append(line, RUNNING);
    candidate.runningLength = candidate.length;
    candidate.append(line, WAITING);
  }

  /** What the page said; {@link LoraAdapters#NONE} without any series. */
  LoraAdapters finish() {
    if (!candidate.same(known)) {
      known.copy(candidate);
      adapters = known.adapters();
    }
    return adapters;
  }

  /** The raw values of the three labels: running adapters, then waiting ones, in one array. */
  private static final class Labels {
    int max;
    int runningLength;
    int length;
    byte[] raw = {};

    void clear() {
      max = 0;
      runningLength = 0;
      length = 0;
    }

    void append(SampleLine line, byte[] name) {
      int label = line.label(name);
      if (label >= 0) {
        int more = line.valueTo(label) - line.valueFrom(label);
        if (raw.length < length + more) {
          raw = Arrays.copyOf(raw, 2 * (length + more));
        }
        System.arraycopy(line.bytes, line.valueFrom(label), raw, length, more);
        length += more;
      }
    }

    boolean same(Labels that) {
      return max == that.max
          && runningLength == that.runningLength
          && Arrays.equals(raw, 0, length, that.raw, 0, that.length);
    }

    void copy(Labels that) {
      max = that.max;
      runningLength = that.runningLength;
      length = that.length;
      raw = Arrays.copyOf(that.raw, that.length);
    }

    LoraAdapters adapters() {
      if (max == 0 && length == 0) {
        return LoraAdapters.NONE;
      }
      return new LoraAdapters(
          max,
          SampleLine.names(raw, 0, runningLength),
          SampleLine.names(raw, runningLength, length));
    }
  }
}
