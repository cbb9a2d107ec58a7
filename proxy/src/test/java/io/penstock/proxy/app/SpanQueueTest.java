package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** The bound of the spans that wait. */
class SpanQueueTest {

  /** An exporter that takes batches and answers when the test says so. */
  private static final class HeldExporter implements SpanExporter {
    final List<CompletableResultCode> results = new CopyOnWriteArrayList<>();
    final List<Integer> sizes = new CopyOnWriteArrayList<>();
    volatile boolean open;

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      sizes.add(spans.size());
      var result = new CompletableResultCode();
      results.add(result);
      return open ? result.succeed() : result;
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  @Test
  void one_batch_is_on_its_way_at_a_time_and_what_finds_no_room_is_dropped_and_counted() {
    var exporter = new HeldExporter();
    try (var control = Executors.newSingleThreadScheduledExecutor()) {
      var queue = new SpanQueue(exporter, control);
      var tracer = SdkTracerProvider.builder().addSpanProcessor(queue).build().get("test");
      for (int i = 0; i < SpanQueue.CAPACITY + 100; i++) {
        tracer.spanBuilder("s").startSpan().end();
      }
      assertThat(queue.dropped()).isEqualTo(100);

      queue.start();
      await().until(() -> exporter.results.size() == 1);
      exporter.results.getFirst().fail();
      await().until(() -> exporter.results.size() == 2);
      assertThat(queue.failed()).isEqualTo(512);
      exporter.open = true;
      exporter.results.get(1).succeed();
      await().until(() -> queue.exported() == SpanQueue.CAPACITY - 512);
      assertThat(exporter.sizes).containsExactly(512, 512, 512, 512);

      tracer.spanBuilder("last").startSpan().end();
      queue.shutdown();
      assertThat(queue.exported()).isEqualTo(SpanQueue.CAPACITY - 511);
      control.shutdownNow();
    }
  }
}
