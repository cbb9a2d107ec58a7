package io.penstock.picker.config;

import io.penstock.picker.config.Values.Entry;
import io.penstock.picker.signals.MetricSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads parameters by their definitions; what does not fit is noted as an error at its place, what
 * has no effect as a warning. Confined to the thread that loads.
 */
final class ParameterReader {

  private static final Pattern NUMBER =
      Pattern.compile("[-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?");

  private static final Pattern TOKEN = Pattern.compile("[0-9A-Za-z!#$%&'*+.^_`|~-]{1,128}");

  private final List<ConfigError> warnings;

  ParameterReader(List<ConfigError> warnings) {
    this.warnings = warnings;
  }

  /** The values in force; {@code mapping} is null where the file gives none. */
  Values read(@Nullable YamlMapping mapping, List<Parameter> parameters) {
    Map<String, Entry> values = new LinkedHashMap<>();
    if (mapping != null) {
      mapping.refuseAllBut(parameters.stream().map(Parameter::name).toList());
    }
    for (var parameter : parameters) {
      if (mapping != null && mapping.has(parameter.name())) {
        if (!parameter.deprecated().isEmpty()) {
          warnings.add(mapping.at(parameter.name(), parameter.deprecated()));
        }
        var value = value(mapping, parameter);
        if (value != null) {
          values.put(parameter.name(), new Entry(parameter.shape(), value, true));
        }
      } else if (parameter.standard() != null) {
        values.put(
            parameter.name(),
            new Entry(parameter.shape(), scalar(parameter.shape(), parameter.standard()), false));
      } else if (parameter.required() && mapping != null) {
        mapping.error(parameter.name(), "is missing; allowed: " + parameter.shape().fits());
      }
    }
    return new Values(values);
  }

  /** Whether parameters can be read from nothing, or which of them is missing. */
  static List<String> missing(List<Parameter> parameters) {
    return parameters.stream().filter(Parameter::required).map(Parameter::name).toList();
  }

  private @Nullable Object value(YamlMapping mapping, Parameter parameter) {
    var name = parameter.name();
    return switch (parameter.shape()) {
      case Shape.Refused(var why) -> {
        mapping.error(name, "is not supported: " + why);
        yield null;
      }
      case Shape.Ignored(var why) -> {
        warnings.add(mapping.at(name, "has no effect: " + why));
        yield null;
      }
      case Shape.Texts _ -> mapping.texts(name);
      case Shape.TextMap _ -> textMap(mapping.mapping(name));
      case Shape.Group(var members) -> {
        var group = mapping.mapping(name);
        yield group == null ? null : read(group, members);
      }
      case Shape.Groups(var members) -> {
        List<Values> groups = new ArrayList<>();
        for (var group : mapping.mappings(name)) {
          groups.add(read(group, members));
        }
        yield groups;
      }
      case Shape.Text _,
          Shape.Header _,
          Shape.Cookie _,
          Shape.Ref _,
          Shape.Decimal _,
          Shape.Whole _,
          Shape.Flag _,
          Shape.Metric _,
          Shape.Time _ ->
          scalar(mapping, parameter);
    };
  }

  private static @Nullable Object scalar(YamlMapping mapping, Parameter parameter) {
    var text = mapping.text(parameter.name());
    if (text == null) {
      return null;
    }
    var why = parameter.refused().get(text);
    if (why != null) {
      mapping.error(parameter.name(), "'" + text + "' is not supported: " + why);
      return null;
    }
    try {
      return scalar(parameter.shape(), text);
    } catch (IllegalArgumentException | ArithmeticException e) {
      var hint =
          parameter.shape() instanceof Shape.Text(var words)
              ? Suggestion.didYouMean(text, words)
              : "";
      mapping.error(
          parameter.name(),
          "'" + text + "' does not fit; allowed: " + parameter.shape().fits() + hint);
      return null;
    }
  }

  /**
   * The value of a text.
   *
   * @throws IllegalArgumentException where it does not fit
   */
  static Object scalar(Shape shape, String text) {
    return switch (shape) {
      case Shape.Text(var allowed) -> {
        require(allowed.isEmpty() || allowed.contains(text));
        yield text;
      }
      case Shape.Header _, Shape.Cookie _ -> {
        require(TOKEN.matcher(text).matches());
        yield text;
      }
      case Shape.Ref _ -> text;
      case Shape.Decimal(var min, var max) -> {
        require(NUMBER.matcher(text).matches());
        double value = Double.parseDouble(text);
        require(value >= min && value <= max && Double.isFinite(value));
        yield value;
      }
      case Shape.Whole(var min, var max) -> {
        long value = Long.parseLong(text);
        require(value >= min && value <= max);
        yield value;
      }
      case Shape.Flag _ -> {
        require(text.equals("true") || text.equals("false"));
        yield text.equals("true");
      }
      case Shape.Time _ -> GoDuration.nanos(text);
      case Shape.Metric _ -> {
        if (!text.isEmpty()) {
          MetricSpec.parse(text);
        }
        yield text;
      }
      case Shape.Texts _,
          Shape.TextMap _,
          Shape.Group _,
          Shape.Groups _,
          Shape.Refused _,
          Shape.Ignored _ ->
          throw new IllegalArgumentException("no plain value");
    };
  }

  private static void require(boolean fits) {
    if (!fits) {
      throw new IllegalArgumentException("does not fit");
    }
  }

  private static @Nullable Object textMap(@Nullable YamlMapping mapping) {
    if (mapping == null) {
      return null;
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (var name : mapping.names()) {
      var text = mapping.text(name);
      texts.put(name, text == null ? "" : text);
    }
    return texts;
  }
}
