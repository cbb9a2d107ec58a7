package io.penstock.picker.signals;

import io.penstock.picker.pool.Endpoint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * What custom metrics of the endpoints said last, one row per slot and one column per attribute.
 * The same threads and the same looseness as {@link EngineSignals}, which has it; another table of
 * engines has another one.
 *
 * <p>Rows are made in chunks of 256 at the first write, 2 KB for each attribute, of which there are
 * up to {@link EngineSettings#MAX_ATTRIBUTES}.
 */
public final class EngineAttributes {

  private static final int CHUNK = 256;
  private static final double[] UNKNOWN = {};
  private static final VarHandle DOUBLES = MethodHandles.arrayElementVarHandle(double[].class);
  private static final VarHandle CHUNKS = MethodHandles.arrayElementVarHandle(double[][].class);

  private final EngineTable table;
  private final int count;
  private final double[][] chunks = new double[Endpoint.MAX_SLOTS / CHUNK][];

  EngineAttributes(EngineTable table) {
    this.table = table;
    this.count = table.keys().count();
    Arrays.fill(chunks, UNKNOWN);
  }

  EngineTable table() {
    return table;
  }

  /** Column of an attribute; -1 for one that no engine has. */
  public int column(String attribute) {
    return table.keys().indexOf(attribute);
  }

  /** What the last page said; NaN where it did not, or there was none. */
  public double value(int slot, int column) {
    var chunk = chunk(slot);
    return column < 0 || chunk.length == 0
        ? Double.NaN
        : (double) DOUBLES.getOpaque(chunk, place(slot, column));
  }

  /** Notes a sample; one that was read by another table says nothing here. */
  void write(int slot, EngineSample sample) {
    if (count == 0 || sample.keys != table.keys()) {
      return;
    }
    var chunk = written(slot);
    for (int column = 0; column < count; column++) {
      DOUBLES.setOpaque(chunk, place(slot, column), sample.attributes[column]);
    }
  }

  /** Forgets the slot. */
  void reset(int slot) {
    var chunk = chunk(slot);
    for (int column = 0; column < count && chunk.length > 0; column++) {
      DOUBLES.setOpaque(chunk, place(slot, column), Double.NaN);
    }
  }

  private int place(int slot, int column) {
    return slot % CHUNK * count + column;
  }

  private double[] chunk(int slot) {
    return (double[]) CHUNKS.getAcquire(chunks, slot / CHUNK);
  }

  /** The chunk of a slot, made when missing; two scrapers may come at once. */
  private double[] written(int slot) {
    var chunk = chunk(slot);
    if (chunk.length > 0) {
      return chunk;
    }
    var made = new double[CHUNK * count];
    Arrays.fill(made, Double.NaN);
    CHUNKS.compareAndSet(chunks, slot / CHUNK, UNKNOWN, made);
    return chunk(slot);
  }
}
