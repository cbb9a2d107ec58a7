package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.config.PoolConfig.Discovery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointSourcesTest {

  /** Runs what is handed over at once, and notes what is to run later. */
  private static final class Control extends ScheduledThreadPoolExecutor {
    final List<Duration> pauses = new ArrayList<>();

    Control() {
      super(0);
    }

    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      pauses.add(Duration.of(delay, unit.toChronoUnit()));
      return super.schedule(() -> {}, 1, TimeUnit.DAYS);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT1S", "PT30S", "PT10M"})
  void a_name_is_resolved_as_often_as_configured(Duration interval) {
    try (var control = new Control();
        var sources = new EndpointSources(control, Runnable::run, () -> 0)) {
      control.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
      var source = sources.of(new Discovery.Dns("localhost", 8000, interval), 1);
      source.start(delta -> {});

      assertThat(source.problem()).isEmpty();
      assertThat(control.pauses)
          .singleElement()
          .matches(pause -> pause.compareTo(interval) <= 0)
          .matches(pause -> pause.compareTo(interval.multipliedBy(4).dividedBy(5)) >= 0);
      source.close();
    }
  }
}
