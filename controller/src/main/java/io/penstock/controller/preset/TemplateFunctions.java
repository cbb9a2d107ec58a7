package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.node.ValueNode;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** What templates can call, apart from what decides about evaluation itself. */
final class TemplateFunctions {

  private static final long DEFAULT_GRACE_SECONDS = 60;
  private static final long RESERVE_SECONDS = 5;

  /** What RFC 3986 allows in a path as it is. */
  private static final String PATH_CHARACTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/";

  private TemplateFunctions() {}

  /**
   * The value of a function.
   *
   * @throws TemplateFault when there is none of that name, or its arguments do not fit
   */
  static JsonNode call(String function, List<JsonNode> arguments) {
    return switch (function) {
      case "not" -> BooleanNode.valueOf(!isTrue(one(function, arguments)));
      case "eq" -> BooleanNode.valueOf(equal(function, arguments));
      case "ne" -> BooleanNode.valueOf(!equal(function, arguments));
      case "index" -> index(arguments);
      case "ChildName" -> {
        requireCount(function, arguments, 2);
        yield TextNode.valueOf(ChildName.of(print(arguments.get(0)), print(arguments.get(1))));
      }
      case "shutdownTimeout" -> {
        requireCount(function, arguments, 2);
        yield LongNode.valueOf(shutdownTimeout(arguments.get(0), arguments.get(1).asLong()));
      }
      case "kvTransferConfig" -> TextNode.valueOf(kvTransferConfig(one(function, arguments)));
      case "offloadingConnector" -> {
        var offloading = one(function, arguments);
        yield isTrue(offloading) ? OffloadingConnector.of(offloading) : TextNode.valueOf("");
      }
      case "shell" -> TextNode.valueOf(quoted(print(one(function, arguments))));
      case "urlPath" -> TextNode.valueOf(urlPath(print(one(function, arguments))));
      case "accelerated" -> BooleanNode.valueOf(Accelerators.wanted(one(function, arguments)));
      case "nixlConnector" -> nixlConnector(one(function, arguments));
      case "connectors" -> connectors(arguments);
      default ->
          throw new TemplateFault(
              "function %s is unknown; allowed: %s"
                  .formatted(
                      function,
                      "and, or, not, eq, ne, index, ChildName, shutdownTimeout, kvTransferConfig,"
                          + " offloadingConnector, nixlConnector, connectors, shell, urlPath,"
                          + " script, accelerated"));
    };
  }

  /** Whether a function reads what lies below its argument, templates among it. */
  static boolean looksInto(String function) {
    return function.equals("kvTransferConfig") || function.equals("offloadingConnector");
  }

  /** As Go has it: false, 0, nothing, and what is empty are false. */
  static boolean isTrue(JsonNode value) {
    return switch (value.getNodeType()) {
      case BOOLEAN -> value.booleanValue();
      case NUMBER -> value.doubleValue() != 0;
      case STRING -> !value.textValue().isEmpty();
      case ARRAY, OBJECT -> !value.isEmpty();
      case MISSING, NULL -> false;
      case BINARY, POJO -> true;
    };
  }

  /** The value as it appears in a text; nothing for what is absent. */
  static String print(JsonNode value) {
    return value instanceof ValueNode || value.isMissingNode()
        ? value.isNull() ? "" : value.asText("")
        : value.toString();
  }

  /** Seconds that a server has to end its answers, of the grace that its pod has. */
  private static long shutdownTimeout(JsonNode podSpec, long preStopSeconds) {
    long grace = podSpec.path("terminationGracePeriodSeconds").asLong(DEFAULT_GRACE_SECONDS);
    return Math.max(0, grace - preStopSeconds - Math.min(RESERVE_SECONDS, grace));
  }

  private static String kvTransferConfig(JsonNode offloading) {
    return isTrue(offloading)
        ? "--kv-transfer-config " + quoted(OffloadingConnector.of(offloading).toString())
        : "";
  }

  /** vLLM's connector between prefill and decode pods. */
  private static JsonNode nixlConnector(JsonNode workload) {
    return object(
        "kv_connector",
        "NixlConnector",
        "kv_role",
        "kv_both",
        "kv_buffer_device",
        Accelerators.wanted(workload) ? null : "cpu");
  }

  /** One connector, or vLLM's way to run several. */
  private static JsonNode connectors(List<JsonNode> arguments) {
    var all = arguments.stream().filter(TemplateFunctions::isTrue).toList();
    return switch (all.size()) {
      case 0 -> TextNode.valueOf("");
      case 1 -> all.getFirst();
      default ->
          object(
              "kv_connector",
              "MultiConnector",
              "kv_role",
              "kv_both",
              "kv_connector_extra_config",
              object("connectors", array(all.toArray())));
    };
  }

  private static JsonNode index(List<JsonNode> arguments) {
    if (arguments.isEmpty()) {
      throw new TemplateFault("index needs a map or a list");
    }
    var value = arguments.getFirst();
    for (var key : arguments.subList(1, arguments.size())) {
      value = GoFields.index(value, key);
    }
    return value;
  }

  /** Whether the first is any of the others. */
  private static boolean equal(String function, List<JsonNode> arguments) {
    if (arguments.size() < 2) {
      throw new TemplateFault(function + " needs two arguments");
    }
    var first = arguments.getFirst();
    return arguments.stream()
        .skip(1)
        .anyMatch(
            other ->
                other.getNodeType() == first.getNodeType() && print(other).equals(print(first)));
  }

  private static String quoted(String value) {
    try {
      return ShellWords.quote(value);
    } catch (IllegalArgumentException unquotable) {
      throw new TemplateFault(String.valueOf(unquotable.getMessage()));
    }
  }

  /** The value as a part of a URL's path; its slashes part it further. */
  private static String urlPath(String value) {
    var path = new StringBuilder();
    for (byte each : value.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (each & 0xff);
      if (PATH_CHARACTERS.indexOf(c) >= 0) {
        path.append(c);
      } else {
        path.append('%').append(HexFormat.of().withUpperCase().toHexDigits(each));
      }
    }
    return path.toString();
  }

  private static JsonNode one(String function, List<JsonNode> arguments) {
    requireCount(function, arguments, 1);
    return arguments.getFirst();
  }

  private static void requireCount(String function, List<JsonNode> arguments, int count) {
    if (arguments.size() != count) {
      throw new TemplateFault(
          "%s takes %d arguments, %d are given".formatted(function, count, arguments.size()));
    }
  }
}
