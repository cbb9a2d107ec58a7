package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Turns one YAML document into a JSON tree the way kubectl does: YAML 1.1, so {@code yes} is true
 * and {@code 0644} is octal, with anchors and merge keys; times and base-60 numbers stay text.
 * Confined to the thread that reads.
 */
final class YamlTree {

  /** Anchors may make a document much larger than its text; this many nodes at most. */
  private static final int MAX_NODES = 1_000_000;

  private static final JsonNodeFactory FACTORY = JsonNodeFactory.instance;
  private static final Pattern DECIMAL = Pattern.compile("[-+]?(0|[1-9][0-9]*)");
  private static final Pattern WHOLE =
      Pattern.compile("[-+]?(0x[0-9a-fA-F]+|0b[01]+|0[0-7]*|[1-9][0-9]*)");
  private static final Pattern FLOAT =
      Pattern.compile("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]{1,3})?");

  private final Map<String, Integer> lines;
  private final List<String> errors;
  private final Set<Node> open = Collections.newSetFromMap(new IdentityHashMap<>());
  private int nodes;

  private YamlTree(Map<String, Integer> lines, List<String> errors) {
    this.lines = lines;
    this.errors = errors;
  }

  /**
   * The tree of a document; null where an error was noted that spoils it.
   *
   * @param lines filled with the line of each path
   * @param errors gets what cannot be JSON
   */
  static @Nullable JsonNode of(Node root, Map<String, Integer> lines, List<String> errors) {
    int before = errors.size();
    var tree = new YamlTree(lines, errors).tree(root, FieldPath.ROOT);
    return errors.size() > before ? null : tree;
  }

  private JsonNode tree(Node node, FieldPath path) {
    lines.putIfAbsent(path.text(), line(node));
    if (!isOneMore(node)) {
      return FACTORY.nullNode();
    }
    if (node instanceof ScalarNode scalar) {
      return scalar(scalar);
    }
    if (!opens(node)) {
      return FACTORY.nullNode();
    }
    var made =
        node instanceof SequenceNode sequence
            ? list(sequence, path)
            : mapping((MappingNode) node, path);
    open.remove(node);
    return made;
  }

  private boolean isOneMore(Node node) {
    if (++nodes == MAX_NODES + 1) {
      fail(node, "the document has more than " + MAX_NODES + " values");
    }
    return nodes <= MAX_NODES;
  }

  /** Whether it is not in itself; who has been told so takes it out of {@link #open} again. */
  private boolean opens(Node node) {
    boolean opens = open.add(node);
    if (!opens) {
      fail(node, "an anchor contains itself");
    }
    return opens;
  }

  private ArrayNode list(SequenceNode sequence, FieldPath path) {
    var list = FACTORY.arrayNode(sequence.getValue().size());
    int index = 0;
    for (var item : sequence.getValue()) {
      list.add(tree(item, path.index(index++)));
    }
    return list;
  }

  private ObjectNode mapping(MappingNode mapping, FieldPath path) {
    var object = FACTORY.objectNode();
    for (var tuple : mapping.getValue()) {
      if (!tuple.getKeyNode().getTag().equals(Tag.MERGE)) {
        put(object, tuple.getKeyNode(), tuple.getValueNode(), path);
      }
    }
    for (var tuple : mapping.getValue()) {
      if (tuple.getKeyNode().getTag().equals(Tag.MERGE)) {
        merge(object, tuple.getValueNode(), path);
      }
    }
    return object;
  }

  private void put(ObjectNode object, Node key, Node value, FieldPath path) {
    if (!(key instanceof ScalarNode scalar)) {
      fail(key, "a key must be a plain word");
      return;
    }
    var name = scalar.getValue();
    var below = path.child(name);
    if (object.has(name)) {
      fail(key, below + " is there twice");
      return;
    }
    lines.putIfAbsent(below.text(), line(key));
    object.set(name, tree(value, below));
  }

  /** What a merge key names joins, except what is there already. */
  private void merge(ObjectNode object, Node from, FieldPath path) {
    if (!isOneMore(from) || !opens(from)) {
      return;
    }
    switch (from) {
      case MappingNode mapping ->
          mapping(mapping, path)
              .properties()
              .forEach(e -> object.putIfAbsent(e.getKey(), e.getValue()));
      case SequenceNode sequence -> sequence.getValue().forEach(each -> merge(object, each, path));
      default -> fail(from, "a merge key takes a mapping or a list of mappings");
    }
    open.remove(from);
  }

  private JsonNode scalar(ScalarNode scalar) {
    var text = scalar.getValue();
    var tag = scalar.getTag();
    if (tag.equals(Tag.NULL)) {
      return FACTORY.nullNode();
    }
    if (tag.equals(Tag.BOOL)) {
      return FACTORY.booleanNode(
          Set.of("true", "yes", "on").contains(text.toLowerCase(Locale.ROOT)));
    }
    if (tag.equals(Tag.INT) && text.indexOf(':') < 0) {
      var digits = text.replace("_", "");
      if (WHOLE.matcher(digits).matches()) {
        return whole(digits);
      }
      fail(scalar, "'" + text + "' is no number of JSON");
    }
    if (tag.equals(Tag.FLOAT) || (plain(scalar) && FLOAT.matcher(text).matches())) {
      var digits = text.replace("_", "");
      if (DECIMAL.matcher(digits).matches()) {
        return whole(digits);
      }
      if (FLOAT.matcher(digits).matches()) {
        return FACTORY.numberNode(
            new BigDecimal(digits.startsWith("+") ? digits.substring(1) : digits));
      }
      if (text.indexOf(':') < 0) {
        fail(scalar, "'" + text + "' is no number of JSON");
      }
    }
    return FACTORY.textNode(text);
  }

  private static boolean plain(ScalarNode scalar) {
    return scalar.isPlain() && scalar.getTag().equals(Tag.STR);
  }

  private JsonNode whole(String text) {
    boolean negative = text.startsWith("-");
    var digits = negative || text.startsWith("+") ? text.substring(1) : text;
    BigInteger number;
    if (digits.startsWith("0x")) {
      number = new BigInteger(digits.substring(2), 16);
    } else if (digits.startsWith("0b")) {
      number = new BigInteger(digits.substring(2), 2);
    } else if (digits.length() > 1 && digits.startsWith("0")) {
      number = new BigInteger(digits, 8);
    } else {
      number = new BigInteger(digits);
    }
    number = negative ? number.negate() : number;
    if (number.bitLength() < Integer.SIZE) {
      return FACTORY.numberNode(number.intValue());
    }
    return number.bitLength() < Long.SIZE
        ? FACTORY.numberNode(number.longValue())
        : FACTORY.numberNode(number);
  }

  private void fail(Node at, String what) {
    errors.add("line " + line(at) + ": " + what);
  }

  private static int line(Node node) {
    return node.getStartMark() == null ? 1 : node.getStartMark().getLine() + 1;
  }
}
