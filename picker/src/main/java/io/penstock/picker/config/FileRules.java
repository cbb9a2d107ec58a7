package io.penstock.picker.config;

import io.penstock.picker.objective.RuleObjects;
import io.penstock.picker.objective.RuleSource;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objectives and rewrites of a file, as it changes; a wrong file keeps what was there before.
 * Confined to the control thread.
 */
public final class FileRules implements RuleSource {

  private static final Logger LOG = LoggerFactory.getLogger(FileRules.class);

  private final RulesFile file;
  private final RuleObjects first;
  private final ScheduledExecutorService control;
  private final Duration interval;
  private final Consumer<Boolean> reloaded;
  private volatile String problem = "";

  /**
   * The source of one pool.
   *
   * @param first what the file said when the process started
   * @param interval between two looks at the file
   * @param reloaded hears of each change, whether it was taken over
   */
  public FileRules(
      RulesFile file,
      RuleObjects first,
      ScheduledExecutorService control,
      Duration interval,
      Consumer<Boolean> reloaded) {
    this.file = file;
    this.first = first;
    this.control = control;
    this.interval = interval;
    this.reloaded = reloaded;
  }

  @Override
  public void start(Consumer<RuleObjects> told) {
    told.accept(first);
    file.start(control, interval, loaded -> take(loaded, told));
  }

  private void take(LoadedRules loaded, Consumer<RuleObjects> told) {
    switch (loaded) {
      case LoadedRules.Valid(var objects, var warnings) -> {
        warnings.forEach(warning -> LOG.warn("{}", warning));
        problem = "";
        told.accept(objects);
        reloaded.accept(true);
        LOG.info("{} was reloaded", file.path());
      }
      case LoadedRules.Invalid(var errors) -> {
        errors.forEach(error -> LOG.warn("not reloaded: {}", error));
        problem = errors.getFirst().toString();
        reloaded.accept(false);
      }
    }
  }

  /** The start tells what the file says. */
  @Override
  public boolean known() {
    return true;
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public void close() {
    file.close();
  }
}
