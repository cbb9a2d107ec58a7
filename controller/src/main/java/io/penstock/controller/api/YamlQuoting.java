package io.penstock.controller.api;

import com.fasterxml.jackson.dataformat.yaml.util.StringQuotingChecker;
import java.util.regex.Pattern;

/** Which texts need quotes so that every YAML reader, 1.1 or 1.2, takes them as text. Stateless. */
final class YamlQuoting extends StringQuotingChecker {

  private static final long serialVersionUID = 1;

  /** Starts like a word and goes on with what means nothing to YAML. */
  private static final Pattern SAFE =
      Pattern.compile("[A-Za-z_/][A-Za-z0-9_./@%+-]*( [A-Za-z0-9_./@%+-]+)*");

  /** Words that some reader takes for a boolean, nothing or a number. */
  private static final Pattern WORD =
      Pattern.compile("(?i)y|n|yes|no|on|off|true|false|null|nan|inf");

  @Override
  public boolean needToQuoteName(String name) {
    return needsQuotes(name);
  }

  @Override
  public boolean needToQuoteValue(String value) {
    return needsQuotes(value);
  }

  private static boolean needsQuotes(String text) {
    return !SAFE.matcher(text).matches() || WORD.matcher(text).matches();
  }
}
