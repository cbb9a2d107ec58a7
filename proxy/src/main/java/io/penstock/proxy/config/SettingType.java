package io.penstock.proxy.config;

import io.penstock.picker.discovery.DiscoveryException;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.replica.RedisAddress;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How the text of a setting becomes a value. Immutable.
 *
 * @param <T> what it becomes
 */
final class SettingType<T extends @Nullable Object> {

  /** What {@code auto} is read as. */
  static final long AUTO = -1;

  /** A time above 0. */
  static final SettingType<Duration> TIME = duration(Duration.ofMillis(1));

  /** A time, or 0 for none. */
  static final SettingType<Duration> TIME_OR_NONE = duration(Duration.ZERO);

  static final SettingType<Boolean> BOOLEAN =
      new SettingType<>("true or false", SettingType::parseBoolean);

  static final SettingType<ListenAddress> ADDRESS =
      new SettingType<>("host:port, [ipv6]:port or :port", ListenAddress::parse);

  static final SettingType<@Nullable ListenAddress> ADDRESS_OR_OFF =
      new SettingType<>(
          "host:port, [ipv6]:port or :port; empty: off",
          text -> text.isEmpty() ? null : ListenAddress.parse(text));

  static final SettingType<@Nullable Path> FILE_OR_OFF =
      new SettingType<>("a file; empty: off", text -> text.isEmpty() ? null : Path.of(text));

  static final SettingType<@Nullable URI> URL_OR_OFF =
      new SettingType<>(
          "http://host:port/path or https://; empty: off",
          text -> text.isEmpty() ? null : parseUrl(text));

  static final SettingType<@Nullable RedisAddress> REDIS_OR_OFF =
      new SettingType<>(
          RedisAddress.ALLOWED + "; empty: off",
          text -> text.isEmpty() ? null : RedisAddress.parse(text));

  static final SettingType<Path> FILE = new SettingType<>("a file", SettingType::parseFile);

  static final SettingType<String> NAME =
      new SettingType<>("letters, digits, '.', '_' and '-'", SettingType::parseName);

  static final SettingType<HostPort> ENDPOINT =
      new SettingType<>("host:port or [ipv6]:port", text -> HostPort.parse(text, 1));

  /** A pool of the group that is usual; the group is a setting of its own. */
  static final SettingType<PodSelection.OfPool> INFERENCE_POOL =
      new SettingType<>("namespace/name", SettingType::parsePool);

  static final SettingType<String> POOL_GROUP =
      new SettingType<>(
          PodSelection.OfPool.GROUP + " or " + PodSelection.OfPool.ALPHA_GROUP,
          text -> ofDiscovery(() -> new PodSelection.OfPool(text, "ns", "name")).group());

  static final SettingType<String> LABELS =
      new SettingType<>(
          "key=value,key=value",
          text -> {
            var _ = ofDiscovery(() -> PodSelection.OfLabels.parse("ns", text, "1"));
            return text;
          });

  static final SettingType<String> PORTS =
      new SettingType<>(
          "1 to 8 ports, such as 8000,8001",
          text -> {
            var _ = ofDiscovery(() -> PodSelection.OfLabels.parse("ns", "key=value", text));
            return text;
          });

  /** {@link #size} that may also be {@code auto}, read as {@link #AUTO}. */
  static final SettingType<Long> SIZE_OR_AUTO =
      new SettingType<>(
          "auto, or bytes with KiB, MiB or GiB, such as 512MiB",
          text ->
              text.equals("auto")
                  ? Long.valueOf(AUTO)
                  : Long.valueOf(bytes(text, 1 << 20, 1L << 40)));

  private static final Map<String, Long> NANOS =
      Map.of(
          "us", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  private static final Map<String, Long> BYTES =
      Map.of("", 1L, "B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30);

  private static final Pattern AMOUNT = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)([A-Za-z]*)");

  private final String allowed;
  private final Function<String, T> parser;

  private SettingType(String allowed, Function<String, T> parser) {
    this.allowed = allowed;
    this.parser = parser;
  }

  /** One of an enum's constants, in lower case. */
  static <E extends Enum<E>> SettingType<E> oneOf(Class<E> type) {
    return oneOf(type, constant -> constant.name().toLowerCase(Locale.ROOT));
  }

  /** One of an enum's constants, by the words for them. */
  static <E extends Enum<E>> SettingType<E> oneOf(Class<E> type, Function<E, String> word) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E constant : type.getEnumConstants()) {
      words.put(word.apply(constant), constant);
    }
    return new SettingType<>(
        String.join(", ", words.keySet()),
        text -> {
          E constant = words.get(text);
          if (constant == null) {
            throw new IllegalArgumentException(text);
          }
          return constant;
        });
  }

  /** A whole number within bounds. */
  static SettingType<Integer> integer(int least, int most) {
    return new SettingType<>(
        "a number from " + least + " to " + most,
        text -> (int) within(Long.parseLong(text), least, most));
  }

  /** A fraction from 0 to 1. */
  static SettingType<Double> share() {
    return new SettingType<>(
        "a number from 0 to 1",
        text -> {
          double value = new BigDecimal(text).doubleValue();
          if (value < 0 || value > 1) {
            throw new IllegalArgumentException(text);
          }
          return value;
        });
  }

  /** A time of at least {@code least} and at most a year. */
  static SettingType<Duration> duration(Duration least) {
    var bound = least.isZero() ? "; 0: none" : ", at least " + text(least);
    return new SettingType<>(
        "a time with us, ms, s, m or h, such as 200ms or 1m30s" + bound,
        text ->
            Duration.ofNanos(within(nanos(text), least.toNanos(), Duration.ofDays(365).toNanos())));
  }

  /** A number of bytes within bounds. */
  static SettingType<Long> size(long least, long most) {
    return new SettingType<>(
        "bytes with KiB, MiB or GiB, from " + sizeText(least) + " to " + sizeText(most),
        text -> bytes(text, least, most));
  }

  /** For people: what the text may be. */
  String allowed() {
    return allowed;
  }

  /**
   * The value.
   *
   * @throws IllegalArgumentException if the text is not {@link #allowed}
   */
  T parse(String text) {
    return parser.apply(text);
  }

  private static boolean parseBoolean(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(text);
    };
  }

  private static Path parseFile(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("empty");
    }
    return Path.of(text);
  }

  private static URI parseUrl(String text) {
    var url = URI.create(text);
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    if (!http || url.getHost() == null || url.getUserInfo() != null) {
      throw new IllegalArgumentException(text);
    }
    return url;
  }

  private static String parseName(String text) {
    boolean plain =
        text.chars()
            .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "._-".indexOf(c) >= 0));
    if (text.isEmpty() || text.length() > 128 || !plain) {
      throw new IllegalArgumentException(text);
    }
    return text;
  }

  private static PodSelection.OfPool parsePool(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(text);
    }
    return new PodSelection.OfPool(
        PodSelection.OfPool.GROUP,
        parseName(text.substring(0, slash)),
        parseName(text.substring(slash + 1)));
  }

  private static <T> T ofDiscovery(Supplier<T> read) {
    try {
      return read.get();
    } catch (DiscoveryException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static long nanos(String text) {
    if (text.equals("0")) {
      return 0;
    }
    var matcher = AMOUNT.matcher(text);
    long sum = 0;
    int end = 0;
    while (end < text.length() && matcher.find(end) && matcher.start() == end) {
      sum = Math.addExact(sum, amount(matcher.group(1), NANOS.get(matcher.group(2)), text));
      end = matcher.end();
    }
    if (end == 0 || end < text.length()) {
      throw new IllegalArgumentException(text);
    }
    return sum;
  }

  private static long bytes(String text, long least, long most) {
    var matcher = AMOUNT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(text);
    }
    return within(amount(matcher.group(1), BYTES.get(matcher.group(2)), text), least, most);
  }

  private static long amount(String number, @Nullable Long unit, String text) {
    if (unit == null) {
      throw new IllegalArgumentException(text);
    }
    return new BigDecimal(number).multiply(BigDecimal.valueOf(unit)).longValueExact();
  }

  private static long within(long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(Long.toString(value));
    }
    return value;
  }

  private static String text(Duration time) {
    return time.toMillis() % 1_000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
  }

  private static String sizeText(long bytes) {
    if (bytes >= 1 << 30) {
      return (bytes >> 30) + "GiB";
    }
    return bytes >= 1 << 20 ? (bytes >> 20) + "MiB" : (bytes >> 10) + "KiB";
  }
}
