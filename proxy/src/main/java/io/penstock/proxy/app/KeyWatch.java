package io.penstock.proxy.app;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.WatchedFiles;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.openai.ApiKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The key file, read at the start and whenever it changes. Stateless. */
final class KeyWatch {

  private static final Logger LOG = LoggerFactory.getLogger(KeyWatch.class);

  private KeyWatch() {}

  /**
   * The keys of the file; without one, everybody is let in.
   *
   * @throws IOException when the file cannot be read or has errors
   */
  static ApiKeys of(
      @Nullable Path file,
      ScheduledExecutorService control,
      Duration interval,
      GatewayMetrics metrics)
      throws IOException {
    if (file == null) {
      return ApiKeys.off();
    }
    var made = new AtomicReference<ApiKeys>();
    // Before the keys are read: what changes in between is seen at the first look.
    var watched =
        new WatchedFiles(
            List.of(file),
            contents -> {
              var wrong =
                  made.get()
                      .reload(
                          file.toString(), new String(contents.getFirst(), StandardCharsets.UTF_8));
              wrong.forEach(error -> LOG.warn("the key file is not taken over: {}", error));
              metrics.reloaded("keys", wrong.isEmpty());
            });
    List<ConfigError> errors = new ArrayList<>();
    var keys =
        ApiKeys.of(
            file.toString(), Files.readString(file), new SecureRandom(), Instant::now, errors);
    if (!errors.isEmpty()) {
      throw new IOException(errors.getFirst().toString());
    }
    made.set(keys);
    watched.start(control, interval);
    return keys;
  }
}
