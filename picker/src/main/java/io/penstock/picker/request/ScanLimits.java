package io.penstock.picker.request;

/**
 * What a body may cost to scan; more is a {@link ScanResult.Malformed}. Immutable.
 *
 * @param maxBodyBytes bytes of the whole body
 * @param maxNesting objects and arrays open at once, the outermost counted
 * @param maxTokens JSON tokens: member names, scalars, and starts of objects and arrays
 * @param maxNameBytes UTF-8 bytes of the model's name, and of a previous response's id
 */
public record ScanLimits(int maxBodyBytes, int maxNesting, int maxTokens, int maxNameBytes) {

  /** 512 MiB, 64 levels, 4 million tokens, names of 256 bytes. */
  public static final ScanLimits DEFAULT = new ScanLimits(512 << 20, 64, 4_000_000, 256);

  /** Refuses limits below 1, and ones that would make a scanner's own memory large. */
  public ScanLimits {
    check("maxBodyBytes", maxBodyBytes, Integer.MAX_VALUE);
    check("maxNesting", maxNesting, 1_000);
    check("maxTokens", maxTokens, Integer.MAX_VALUE);
    check("maxNameBytes", maxNameBytes, 4_096);
  }

  private static void check(String name, int value, int greatest) {
    if (value < 1 || value > greatest) {
      throw new IllegalArgumentException(name + " is " + value + ", allowed: 1 to " + greatest);
    }
  }
}
