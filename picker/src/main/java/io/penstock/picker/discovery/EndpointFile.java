package io.penstock.picker.discovery;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Role;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Reads the text of an endpoint file, in the format of llm-d's file-discovery plugin (YAML or
 * JSON):
 *
 * <pre>{@code
 * endpoints:
 *   - name: pod-a            # required, unique within its namespace
 *     namespace: default     # default when left out
 *     address: 10.0.0.7      # IPv4 or IPv6
 *     port: "8000"
 *     labels: {llm-d.ai/role: decode}
 * }</pre>
 *
 * The role is that of the label {@code llm-d.ai/role}; without it an endpoint takes both legs.
 * Stateless.
 */
final class EndpointFile {

  /** Longest file. */
  static final int MAX_BYTES = 1 << 20;

  private static final int MAX_DEPTH = 16;
  private static final Set<String> KEYS = Set.of("name", "namespace", "address", "port", "labels");

  /** What a file says. */
  sealed interface Content {}

  /** A good file; the list may be empty. */
  record Endpoints(List<EndpointSpec> endpoints) implements Content {}

  /**
   * A file that is not taken.
   *
   * @param line from 1; 0 when the whole file is meant
   * @param message one sentence
   */
  record Bad(int line, String message) implements Content {}

  private EndpointFile() {}

  /** Reads a whole file. */
  static Content parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return new Bad(0, "longer than " + MAX_BYTES + " bytes");
    }
    try {
      var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      var settings = LoadSettings.builder().build();
      int deep = tooDeep(new Parse(settings).parseString(text));
      if (deep > 0) {
        return new Bad(deep, "nested deeper than " + MAX_DEPTH + " levels");
      }
      Optional<Node> root = new Compose(settings).composeString(text);
      return root.isEmpty() ? new Bad(1, "the file is empty") : endpoints(root.get());
    } catch (CharacterCodingException e) {
      return new Bad(0, "not UTF-8");
    } catch (Refused refused) {
      return new Bad(line(refused.at), refused.sentence);
    } catch (MarkedYamlEngineException e) {
      return new Bad(e.getProblemMark().map(m -> m.getLine() + 1).orElse(0), e.getProblem());
    } catch (NumberFormatException e) {
      // Of eight hexadecimal digits, with which the scanner does not reckon.
      return new Bad(0, "the escape of a character is out of range");
    } catch (YamlEngineException e) {
      return new Bad(0, String.valueOf(e.getMessage()));
    }
  }

  /** The line of the first thing nested too deep, 0 when there is none: composing recurses. */
  private static int tooDeep(Iterable<Event> events) {
    int depth = 0;
    for (var event : events) {
      switch (event.getEventId()) {
        case MappingStart, SequenceStart -> depth++;
        case MappingEnd, SequenceEnd -> depth--;
        default -> {}
      }
      if (depth > MAX_DEPTH) {
        return event.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
      }
    }
    return 0;
  }

  private static Endpoints endpoints(Node root) {
    @Nullable Node list = null;
    for (var entry : mapping(root, "the file").getValue()) {
      var key = key(entry);
      if (!key.equals("endpoints")) {
        throw unknown(entry, "endpoints");
      }
      list = entry.getValueNode();
    }
    if (!(list instanceof SequenceNode sequence)) {
      throw new Refused(list == null ? root : list, "endpoints is not a list");
    }
    List<EndpointSpec> endpoints = new ArrayList<>();
    var names = new HashSet<String>();
    var addresses = new HashSet<String>();
    for (var item : sequence.getValue()) {
      var endpoint = endpoint(item);
      if (!names.add(endpoint.name())) {
        throw new Refused(item, "endpoint " + endpoint.name() + " is listed twice");
      }
      var address = endpoint.host() + " " + endpoint.port();
      if (!addresses.add(address)) {
        throw new Refused(item, "address and port of " + endpoint.name() + " are listed twice");
      }
      endpoints.add(endpoint);
    }
    return new Endpoints(List.copyOf(endpoints));
  }

  private static EndpointSpec endpoint(Node item) {
    Map<String, Node> fields = new HashMap<>();
    for (var entry : mapping(item, "an endpoint").getValue()) {
      var key = key(entry);
      if (!KEYS.contains(key)) {
        throw unknown(entry, "name, namespace, address, port, labels");
      }
      if (fields.put(key, entry.getValueNode()) != null) {
        throw new Refused(entry.getKeyNode(), key + " stands twice in one endpoint");
      }
    }
    var name = required(item, fields, "name");
    var namespace =
        fields.containsKey("namespace") ? required(item, fields, "namespace") : "default";
    var host = required(item, fields, "address");
    if (!IpLiteral.is(host)) {
      throw new Refused(
          fields.getOrDefault("address", item),
          "address \"%s\" is not an IP address".formatted(host));
    }
    var labels = labels(fields.get("labels"));
    var full = namespace + "/" + name;
    int port = port(fields.getOrDefault("port", item), required(item, fields, "port"));
    // A pod of the same name on another address is another pod.
    var id = new EndpointId(full + "@" + host + ":" + port);
    return new EndpointSpec(
        id, full, host, port, role(fields.getOrDefault("labels", item), labels), labels, false);
  }

  private static Map<String, String> labels(@Nullable Node node) {
    Map<String, String> labels = new HashMap<>();
    if (node != null && !node.getTag().equals(Tag.NULL)) {
      for (var entry : mapping(node, "labels").getValue()) {
        labels.put(key(entry), scalar(entry.getValueNode(), "a label"));
      }
    }
    return labels;
  }

  private static Role role(Node at, Map<String, String> labels) {
    return RoleLabel.role(labels)
        .orElseThrow(
            () ->
                new Refused(
                    at,
                    "label %s \"%s\" is not one of both, prefill, decode, prefill-decode, encode"
                        .formatted(RoleLabel.NAME, labels.get(RoleLabel.NAME))));
  }

  private static int port(Node at, String digits) {
    if (digits.length() <= 5 && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      int port = Integer.parseInt(digits);
      if (port >= 1 && port <= 65_535) {
        return port;
      }
    }
    throw new Refused(at, "port \"" + digits + "\" is not in 1..65535");
  }

  private static MappingNode mapping(Node node, String what) {
    if (node instanceof MappingNode mapping) {
      return mapping;
    }
    throw new Refused(node, what + " is not a mapping of keys to values");
  }

  private static String key(NodeTuple entry) {
    return scalar(entry.getKeyNode(), "a key");
  }

  private static String required(Node item, Map<String, Node> fields, String name) {
    var node = fields.get(name);
    var text = node == null ? "" : scalar(node, name);
    if (text.isEmpty()) {
      throw new Refused(node == null ? item : node, "an endpoint has no " + name);
    }
    return text;
  }

  private static String scalar(Node node, String what) {
    if (node instanceof ScalarNode scalar) {
      return scalar.getTag().equals(Tag.NULL) ? "" : scalar.getValue();
    }
    throw new Refused(node, what + " is not a single value");
  }

  private static Refused unknown(NodeTuple entry, String allowed) {
    return new Refused(
        entry.getKeyNode(), "unknown key \"%s\"; allowed: %s".formatted(key(entry), allowed));
  }

  private static int line(Node node) {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
  }

  /** Leaves the reading of a bad file; becomes a {@link Bad}. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    final transient Node at;
    final String sentence;

    Refused(Node at, String sentence) {
      super(sentence, null, false, false);
      this.at = at;
      this.sentence = sentence;
    }
  }
}
