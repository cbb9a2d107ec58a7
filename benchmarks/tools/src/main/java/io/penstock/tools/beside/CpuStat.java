package io.penstock.tools.beside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** CPU times and memory from Linux's {@code /proc}, proc(5). Stateless. */
final class CpuStat {

  /** USER_HZ, which Linux fixes at 100: one tick is 10 ms. */
  private static final double SECONDS_PER_TICK = 0.01;

  private CpuStat() {}

  /** Seconds of CPU that a process has used, user and system, all its threads. */
  static double processSeconds(long pid) throws IOException {
    return processSeconds(Files.readString(Path.of("/proc/" + pid + "/stat")));
  }

  /** Seconds of CPU that a JVM's compiler threads have used; 0 of a process that is no JVM. */
  static double compilerSeconds(long pid) throws IOException {
    double seconds = 0;
    try (var tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (var task : tasks) {
        try {
          String stat = Files.readString(task.resolve("stat"));
          seconds += compiles(stat) ? processSeconds(stat) : 0;
        } catch (NoSuchFileException ended) {
          // The JVM ends idle compiler threads.
        }
      }
    }
    return seconds;
  }

  /** Whether the text of a thread's {@code stat} is that of a compiler thread of HotSpot. */
  static boolean compiles(String stat) {
    String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler");
  }

  /** Seconds that a core was not idle, whoever used it. */
  static double coreSeconds(int core) throws IOException {
    return coreSeconds(Files.readString(Path.of("/proc/stat")), core);
  }

  /** Resident memory of a process now, in bytes. */
  static long residentBytes(long pid) throws IOException {
    return residentBytes(Files.readString(Path.of("/proc/" + pid + "/status")));
  }

  /**
   * From the text of {@code /proc/PID/stat}: fields 14 and 15, after a name that may hold anything.
   */
  static double processSeconds(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * SECONDS_PER_TICK;
  }

  /** From the text of {@code /proc/stat}: all of a core's times but idle and iowait. */
  static double coreSeconds(String stat, int core) {
    String name = "cpu" + core + " ";
    String line =
        stat.lines()
            .filter(each -> each.startsWith(name))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("this machine has no core " + core));
    String[] fields = line.split(" +", -1);
    long ticks = 0;
    for (int field = 1; field <= 8 && field < fields.length; field++) {
      ticks += field == 4 || field == 5 ? 0 : Long.parseLong(fields[field]);
    }
    return ticks * SECONDS_PER_TICK;
  }

  /** From the text of {@code /proc/PID/status}. */
  static long residentBytes(String status) {
    return status
        .lines()
        .filter(line -> line.startsWith("VmRSS:"))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .mapToLong(kib -> Long.parseLong(kib) * 1_024)
        .findFirst()
        .orElse(0);
  }
}
