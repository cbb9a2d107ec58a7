package io.penstock.proxy.app;

import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Spans that have ended and wait to be sent, at most {@value #CAPACITY}; more are dropped and
 * counted, so that a collector that is slow or gone holds up nothing. Thread-safe and without
 * locks: event loops add, the control thread hands batches to the exporter, one at a time.
 */
final class SpanQueue implements SpanProcessor {

  static final int CAPACITY = 2_048;
  private static final int BATCH = 512;
  private static final long FLUSH_MILLIS = 200;
  private static final long LAST_SECONDS = 2;

  private final SpanExporter exporter;
  private final ScheduledExecutorService control;
  private final ConcurrentLinkedQueue<ReadableSpan> spans = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicBoolean exporting = new AtomicBoolean();
  private final LongAdder exported = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private @Nullable ScheduledFuture<?> flushing;

  SpanQueue(SpanExporter exporter, ScheduledExecutorService control) {
    this.exporter = exporter;
    this.control = control;
  }

  /** Begins to send. */
  void start() {
    flushing =
        control.scheduleWithFixedDelay(
            this::flush, FLUSH_MILLIS, FLUSH_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void onStart(Context parent, ReadWriteSpan span) {}

  @Override
  public boolean isStartRequired() {
    return false;
  }

  @Override
  public void onEnd(ReadableSpan span) {
    if (!span.getSpanContext().isSampled()) {
      return;
    }
    if (size.incrementAndGet() > CAPACITY) {
      size.decrementAndGet();
      dropped.increment();
      return;
    }
    spans.add(span);
  }

  @Override
  public boolean isEndRequired() {
    return true;
  }

  /** Sends a batch, and when it has been taken the next, until none is left. */
  private void flush() {
    if (!exporting.compareAndSet(false, true)) {
      return;
    }
    var batch = batch();
    if (batch.isEmpty()) {
      exporting.set(false);
      return;
    }
    var result = exporter.export(batch);
    result.whenComplete(
        () -> {
          count(result, batch.size());
          exporting.set(false);
          if (size.get() > 0) {
            flushSoon();
          }
        });
  }

  private void flushSoon() {
    try {
      control.execute(this::flush);
    } catch (RejectedExecutionException closed) {
      // What is left is sent by shutdown.
    }
  }

  private List<SpanData> batch() {
    List<SpanData> batch = new ArrayList<>();
    while (batch.size() < BATCH) {
      var span = spans.poll();
      if (span == null) {
        break;
      }
      size.decrementAndGet();
      batch.add(span.toSpanData());
    }
    return batch;
  }

  private void count(CompletableResultCode result, int spans) {
    (result.isSuccess() ? exported : failed).add(spans);
  }

  double exported() {
    return exported.sum();
  }

  /** Spans that found the queue full. */
  double dropped() {
    return dropped.sum();
  }

  /** Spans that were not taken. */
  double failed() {
    return failed.sum();
  }

  /** Sends what is left, for at most some seconds. May block. */
  @Override
  public CompletableResultCode shutdown() {
    if (flushing != null) {
      flushing.cancel(false);
    }
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(LAST_SECONDS);
    while (size.get() > 0 && System.nanoTime() - until < 0) {
      var batch = batch();
      count(exporter.export(batch).join(LAST_SECONDS, TimeUnit.SECONDS), batch.size());
    }
    return exporter.shutdown();
  }
}
