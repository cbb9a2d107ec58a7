package io.penstock.simulator.leak;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Leak detector that writes each report to the file named by the system property {@code
 * penstock.leaks}; the build fails when that file exists after the tests.
 *
 * <p>Thread-safe. Netty loads it by the system property {@code io.netty.customResourceLeakDetector}
 * and calls one of the two constructors. Reports come when a later buffer is allocated, so a
 * shutdown hook collects garbage and allocates once more for leaks of the last tests.
 */
public final class FileLeakDetector<T> extends ResourceLeakDetector<T> {

  private static final String PROPERTY = "penstock.leaks";

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(FileLeakDetector::reportLast, "leak-report"));
  }

  /** Called by Netty. */
  public FileLeakDetector(Class<?> resourceType, int samplingInterval) {
    super(resourceType, samplingInterval);
  }

  /** Called by Netty. */
  @SuppressWarnings("deprecation")
  public FileLeakDetector(Class<?> resourceType, int samplingInterval, long maxActive) {
    super(resourceType, samplingInterval, maxActive);
  }

  @Override
  protected boolean needReport() {
    return true;
  }

  @Override
  protected void reportTracedLeak(String resourceType, String records) {
    append(resourceType + records);
    super.reportTracedLeak(resourceType, records);
  }

  @Override
  protected void reportUntracedLeak(String resourceType) {
    append(resourceType);
    super.reportUntracedLeak(resourceType);
  }

  private static void append(String report) {
    String file = System.getProperty(PROPERTY);
    if (file == null) {
      return;
    }
    try {
      Files.writeString(
          Path.of(file),
          "LEAK: " + report + System.lineSeparator(),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void reportLast() {
    for (int round = 0; round < 3; round++) {
      System.gc();
      ByteBuf probe = UnpooledByteBufAllocator.DEFAULT.directBuffer(1);
      probe.release();
    }
  }
}
