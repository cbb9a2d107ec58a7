package io.penstock.picker.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One mapping of a YAML file, read strictly: what has the wrong shape, is there twice or is unknown
 * becomes an error with its place, and reading goes on so that all errors come at once.
 *
 * <p>Confined to the thread that reads the file.
 */
public final class YamlMapping {

  private final String file;
  private final String path;
  private final Node node;
  private final Map<String, Node> members = new LinkedHashMap<>();
  private final Map<String, Node> keys = new LinkedHashMap<>();
  private final List<ConfigError> errors;

  private YamlMapping(String file, String path, MappingNode node, List<ConfigError> errors) {
    this.file = file;
    this.path = path;
    this.node = node;
    this.errors = errors;
    for (var tuple : node.getValue()) {
      var key = tuple.getKeyNode();
      if (!(key instanceof ScalarNode scalar)) {
        errors.add(errorAt(key, path, "a key must be a plain word"));
      } else if (members.putIfAbsent(scalar.getValue(), tuple.getValueNode()) != null) {
        errors.add(errorAt(key, child(scalar.getValue()), "is there twice"));
      } else {
        keys.put(scalar.getValue(), key);
      }
    }
  }

  /** The root of a file that must be a mapping; null, with an error noted, where it is not. */
  public static @Nullable YamlMapping parse(String file, String text, List<ConfigError> errors) {
    var root = compose(file, text, errors);
    if (root == null) {
      return null;
    }
    if (root instanceof MappingNode mapping) {
      return new YamlMapping(file, "", mapping, errors);
    }
    errors.add(error(file, root, "", "expected a mapping, found " + kind(root)));
    return null;
  }

  /**
   * The documents of a file, each of which must be a mapping; those that are none are noted, and
   * empty ones left out.
   */
  public static List<YamlMapping> parseAll(String file, String text, List<ConfigError> errors) {
    List<YamlMapping> list = new ArrayList<>();
    for (var root : composeAll(file, text, errors)) {
      if (root instanceof MappingNode mapping) {
        list.add(new YamlMapping(file, "", mapping, errors));
      } else if (!(root instanceof ScalarNode scalar && isNothing(scalar))) {
        errors.add(error(file, root, "", "expected a mapping, found " + kind(root)));
      }
    }
    return list;
  }

  /** The entries of a file that must be a list of mappings; those that are none are noted. */
  public static List<YamlMapping> parseList(String file, String text, List<ConfigError> errors) {
    var root = compose(file, text, errors);
    if (root == null) {
      return List.of();
    }
    if (root instanceof SequenceNode sequence) {
      return mappings(file, "", sequence, errors);
    }
    errors.add(error(file, root, "", "expected a list, found " + kind(root)));
    return List.of();
  }

  /** Everything that was noted so far, of the whole file. */
  List<ConfigError> errors() {
    return errors;
  }

  /** Path of a member, for messages. */
  public String child(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** Whether the member is there. */
  public boolean has(String key) {
    return members.containsKey(key);
  }

  /** Whether the member is there and empty. */
  public boolean isNothing(String key) {
    return members.get(key) instanceof ScalarNode scalar && isNothing(scalar);
  }

  /** File that the mapping is in. */
  public String file() {
    return file;
  }

  /** Names of all members, in order. */
  public Set<String> names() {
    return members.keySet();
  }

  /** Line of a member's value, from 1; of the mapping itself where the member is absent. */
  public int line(String key) {
    return mark(members.getOrDefault(key, node)).map(m -> m.getLine() + 1).orElse(0);
  }

  /** A plain value as text; null where it is absent, or, with an error noted, something else. */
  public @Nullable String text(String key) {
    var member = members.get(key);
    if (member == null) {
      return null;
    }
    if (member instanceof ScalarNode scalar && !isNothing(scalar)) {
      return scalar.getValue();
    }
    error(key, "expected a value, found " + kind(member));
    return null;
  }

  /** A nested mapping; null where it is absent, or, with an error noted, something else. */
  public @Nullable YamlMapping mapping(String key) {
    var member = members.get(key);
    if (member == null) {
      return null;
    }
    if (member instanceof MappingNode mapping) {
      return new YamlMapping(file, child(key), mapping, errors);
    }
    error(key, "expected a mapping, found " + kind(member));
    return null;
  }

  /**
   * A nested list of mappings; empty where it is absent or, with an error noted, something else.
   */
  public List<YamlMapping> mappings(String key) {
    var member = members.get(key);
    if (member instanceof SequenceNode sequence) {
      return mappings(file, child(key), sequence, errors);
    }
    if (member != null) {
      error(key, "expected a list, found " + kind(member));
    }
    return List.of();
  }

  /** A nested list of plain values; empty where it is absent or, with an error noted, not one. */
  public List<String> texts(String key) {
    var member = members.get(key);
    List<String> texts = new ArrayList<>();
    if (member instanceof SequenceNode sequence) {
      for (var item : sequence.getValue()) {
        if (item instanceof ScalarNode scalar && !isNothing(scalar)) {
          texts.add(scalar.getValue());
        } else {
          errors.add(errorAt(item, child(key), "expected a value, found " + kind(item)));
        }
      }
    } else if (member != null) {
      error(key, "expected a list, found " + kind(member));
    }
    return texts;
  }

  /** Notes every member that is not known, with a suggestion. */
  public void refuseAllBut(Collection<String> known) {
    keys.forEach(
        (name, key) -> {
          if (!known.contains(name)) {
            var hint = Suggestion.didYouMean(name, known);
            var allowed = known.isEmpty() ? "nothing" : String.join(", ", known);
            var message = "unknown key" + (hint.isEmpty() ? "; allowed: " + allowed : hint);
            errors.add(errorAt(key, child(name), message));
          }
        });
  }

  /** Notes an error at a member, or at the mapping where the member is absent. */
  public void error(String key, String message) {
    errors.add(errorAt(members.getOrDefault(key, node), child(key), message));
  }

  /** An error or a warning for that place, not noted. */
  public ConfigError at(String key, String message) {
    return errorAt(members.getOrDefault(key, node), child(key), message);
  }

  private static @Nullable Node compose(String file, String text, List<ConfigError> errors) {
    int before = errors.size();
    var documents = composeAll(file, text, errors);
    if (documents.isEmpty()) {
      if (errors.size() == before) {
        errors.add(ConfigError.of(file, "", "is empty"));
      }
      return null;
    }
    if (documents.size() > 1) {
      errors.add(error(file, documents.get(1), "", "a second document; one is allowed"));
    }
    return documents.getFirst();
  }

  /** Every document; none, with an error noted, where the text is not YAML. */
  private static List<Node> composeAll(String file, String text, List<ConfigError> errors) {
    var settings = LoadSettings.builder().setLabel(file).setMaxAliasesForCollections(10).build();
    List<Node> documents = new ArrayList<>();
    try {
      new Composer(settings, new BoundedParser(settings, text)).forEachRemaining(documents::add);
      return documents;
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(m -> m.getLine() + 1).orElse(0);
      int column = e.getProblemMark().map(m -> m.getColumn() + 1).orElse(0);
      errors.add(new ConfigError(file, line, column, "", "not YAML: " + e.getProblem()));
      return List.of();
    } catch (NumberFormatException e) {
      // Of eight hexadecimal digits, with which the scanner does not reckon.
      errors.add(ConfigError.of(file, "", "not YAML: the escape of a character is out of range"));
      return List.of();
    } catch (YamlEngineException e) {
      errors.add(ConfigError.of(file, "", "not YAML: " + e.getMessage()));
      return List.of();
    }
  }

  private static List<YamlMapping> mappings(
      String file, String path, SequenceNode sequence, List<ConfigError> errors) {
    List<YamlMapping> list = new ArrayList<>();
    int index = 0;
    for (var item : sequence.getValue()) {
      var place = path + "[" + index++ + "]";
      if (item instanceof MappingNode mapping) {
        list.add(new YamlMapping(file, place, mapping, errors));
      } else {
        errors.add(error(file, item, place, "expected a mapping, found " + kind(item)));
      }
    }
    return list;
  }

  private ConfigError errorAt(Node at, String where, String message) {
    return error(file, at, where, message);
  }

  private static ConfigError error(String file, Node at, String path, String message) {
    int line = mark(at).map(m -> m.getLine() + 1).orElse(0);
    int column = mark(at).map(m -> m.getColumn() + 1).orElse(0);
    return new ConfigError(file, line, column, path, message);
  }

  private static Optional<Mark> mark(Node at) {
    return at.getStartMark();
  }

  private static boolean isNothing(ScalarNode scalar) {
    return scalar.isPlain() && (scalar.getValue().isEmpty() || scalar.getValue().equals("null"));
  }

  private static String kind(Node node) {
    return switch (node) {
      case MappingNode m -> "a mapping";
      case SequenceNode s -> "a list";
      case ScalarNode s -> isNothing(s) ? "nothing" : "'" + s.getValue() + "'";
      default -> "something else";
    };
  }
}
