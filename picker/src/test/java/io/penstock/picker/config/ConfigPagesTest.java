package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/epp-compat.md} and the JSON Schema beside it say what the definitions say. */
class ConfigPagesTest {

  private static final Path DOCS = Path.of("..", "docs");

  @Test
  void the_page_lists_every_type_and_parameter() throws Exception {
    assertSame("epp-compat.md", page());
  }

  @Test
  void the_schema_lists_every_type_and_parameter() throws Exception {
    assertSame("endpoint-picker-config.schema.json", schema());
  }

  private static void assertSame(String name, String text) throws IOException {
    assertThat(Files.readString(DOCS.resolve(name)))
        .as("docs/%s should read:%n%s", name, text)
        .isEqualTo(text);
  }

  static String page() {
    var page = new StringBuilder();
    page.append(
        """
        # llm-d's EndpointPickerConfig

        A file that llm-d's endpoint picker runs by runs here as it is:

        ```
        deploy/bin/penstock validate epp.yaml
        deploy/bin/penstock picker --config-file epp.yaml --endpoints 10.0.0.11:8000,10.0.0.12:8000
        ```

        or, in a pool of the gateway's configuration, one of

        ```yaml
        picker: {configFile: epp.yaml}
        picker: {config: {plugins: [{type: queue-scorer}]}}
        picker: {policy: llm-d-default}   # or expected-cost, which is also what no configuration means
        ```

        `apiVersion` is `llm-d.ai/v1alpha1`, or `inference.networking.x-k8s.io/v1alpha1` with a warning. The file is read strictly: what is unknown, out of bounds or refers to nothing is an error with file, line, column, path and, where something similar exists, a suggestion; all errors come at once and nothing starts. Defaults are llm-d's. `--print-config` (of `penstock picker`, and of `penstock validate`) prints the configuration in force with the source of each value. A file that changes is taken over within a second, for the next pick on; one with errors changes nothing and is counted in `penstock_config_reload_failed_total{kind="picker"}`. Plugins that llm-d calls experimental need `--allow-experimental-plugins`, in a pool `allowExperimentalPlugins: true`.

        [endpoint-picker-config.schema.json](endpoint-picker-config.schema.json) is a JSON Schema of what is supported, for editors. [Decision 008](decisions/008-llm-d-policies.md) lists what means something else here than in llm-d, on purpose.

        ## Sections

        | key | |
        |---|---|
        | `plugins`, `schedulingProfiles` | supported |
        | `featureGates` | `flowControl` as in llm-d: [Flow control](flow-control.md); `haPopulateNonLeaderDatastore` is always on |
        | `dataLayer.sources`, `injectDefaults` | the first extractor of metrics says how they are read ([Engines](engines.md)), which they are in any case |
        | `dataLayer.discovery`, `peerDiscovery`, `crossReplicaSyncerPluginRef` | refused: endpoints come from flags or pools, and replicas tell each other what they send [through Redis](replicas.md) |
        | `requestHandler.parsers`, `parser` | checked; they do not restrict the paths |
        | `flowControl` | supported; without the gate it has no effect but for the detector, as in llm-d |
        | `flowControl.saturationDetector`, `saturationDetector` | supported: with the gate it says how much goes on, without it requests of negative priority are shed by it. In a profile the detectors are filters |

        ## Plugins

        """);
    page.append("| type | what it does | parameters, with their defaults |\n|---|---|---|\n");
    for (var type : PluginTypes.all().values()) {
      page.append("| `").append(type.name()).append('`');
      page.append(type.alpha() ? " (experimental)" : "");
      page.append(" | ").append(type.doc());
      page.append(type.warning().isEmpty() ? "" : "; " + type.warning());
      page.append(" | ").append(parameters(type.parameters())).append(" |\n");
    }
    page.append("\n## Refused by name\n\n| type | why |\n|---|---|\n");
    PluginTypes.refused()
        .forEach(
            (name, why) ->
                page.append("| `").append(name).append("` | ").append(why).append(" |\n"));
    return page.toString();
  }

  private static String parameters(List<Parameter> parameters) {
    return parameters.stream().map(ConfigPagesTest::parameter).collect(Collectors.joining("<br>"));
  }

  private static String parameter(Parameter parameter) {
    var text = new StringBuilder("`").append(parameter.name()).append('`');
    var standard = parameter.standard();
    if (standard != null && !standard.isEmpty()) {
      text.append(" `").append(standard).append('`');
    }
    text.append(parameter.required() ? " (required)" : "");
    switch (parameter.shape()) {
      case Shape.Refused(var why) -> text.append(": refused, ").append(why);
      case Shape.Ignored(var why) -> text.append(": no effect, ").append(why);
      case Shape.Group(var members) ->
          text.append(": ").append(parameter.doc()).append(" {").append(inner(members)).append('}');
      case Shape.Groups(var members) ->
          text.append(": ").append(parameter.doc()).append(" [").append(inner(members)).append(']');
      case Shape.Text _,
          Shape.Header _,
          Shape.Cookie _,
          Shape.Ref _,
          Shape.Decimal _,
          Shape.Whole _,
          Shape.Flag _,
          Shape.Metric _,
          Shape.Time _,
          Shape.Texts _,
          Shape.TextMap _ ->
          text.append(": ").append(parameter.doc());
    }
    parameter
        .refused()
        .forEach((value, why) -> text.append("; `" + value + "` is refused, ").append(why));
    return text.toString();
  }

  private static String inner(List<Parameter> members) {
    return members.stream().map(ConfigPagesTest::parameter).collect(Collectors.joining("; "));
  }

  static String schema() throws IOException {
    var text = new StringWriter();
    try (var json = new JsonFactory().createGenerator(text)) {
      var printer = new DefaultPrettyPrinter().withObjectIndenter(INDENT);
      json.setPrettyPrinter(printer.withArrayIndenter(INDENT));
      json.writeStartObject();
      json.writeStringField("$schema", "https://json-schema.org/draft/2020-12/schema");
      json.writeStringField("title", EndpointPickerLoader.KIND);
      json.writeStringField("type", "object");
      json.writeBooleanField("additionalProperties", false);
      json.writeObjectFieldStart("properties");
      words(
          json,
          "apiVersion",
          List.of("llm-d.ai/v1alpha1", "inference.networking.x-k8s.io/v1alpha1"));
      words(json, "kind", List.of(EndpointPickerLoader.KIND));
      raw(json, "featureGates", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
      plugins(json);
      raw(json, "schedulingProfiles", PROFILES);
      raw(json, "flowControl", FLOW_CONTROL);
      for (var section : List.of("dataLayer", "requestHandler", "saturationDetector", "parser")) {
        raw(json, section, "{\"type\":\"object\"}");
      }
      json.writeEndObject();
      words(json, List.of("apiVersion", "kind"));
      json.writeEndObject();
    }
    return text + "\n";
  }

  private static final DefaultIndenter INDENT = new DefaultIndenter("  ", "\n");

  private static final String PROFILES =
      "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"additionalProperties\":false,"
          + "\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\"},"
          + "\"plugins\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
          + "\"additionalProperties\":false,\"required\":[\"pluginRef\"],\"properties\":{"
          + "\"pluginRef\":{\"type\":\"string\"},\"weight\":{\"type\":\"number\"}}}}}}}";

  private static final String AMOUNT = "{\"type\":[\"string\",\"integer\"]}";

  private static final String BAND =
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
          + "\"priority\":{\"type\":\"integer\"},\"maxBytes\":"
          + AMOUNT
          + ",\"maxRequests\":"
          + AMOUNT
          + ",\"fairnessPolicyRef\":{\"type\":\"string\"},"
          + "\"orderingPolicyRef\":{\"type\":\"string\"}}}";

  private static final String FLOW_CONTROL =
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"maxBytes\":"
          + AMOUNT
          + ",\"maxRequests\":"
          + AMOUNT
          + ",\"defaultRequestTTL\":{\"type\":\"string\"},"
          + "\"noEndpointRequestTTL\":{\"type\":\"string\"},\"defaultPriorityBand\":"
          + BAND
          + ",\"defaultNegativePriorityBand\":"
          + BAND
          + ",\"priorityBands\":{\"type\":\"array\",\"items\":"
          + BAND
          + "},\"usageLimitPolicyPluginRef\":{\"type\":\"string\"},"
          + "\"saturationDetector\":{\"type\":\"object\",\"additionalProperties\":false,"
          + "\"properties\":{\"pluginRef\":{\"type\":\"string\"}}},"
          + "\"enableEviction\":{\"type\":\"boolean\"}}}";

  private static void raw(JsonGenerator json, String name, String value) throws IOException {
    json.writeFieldName(name);
    try (var parser = new JsonFactory().createParser(value)) {
      parser.nextToken();
      json.copyCurrentStructure(parser);
    }
  }

  private static void words(JsonGenerator json, String name, List<String> words)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeArrayFieldStart("enum");
    for (var word : words) {
      json.writeString(word);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void words(JsonGenerator json, List<String> required) throws IOException {
    json.writeArrayFieldStart("required");
    for (var word : required) {
      json.writeString(word);
    }
    json.writeEndArray();
  }

  /** A plugin is one of the types, each with its own parameters. */
  private static void plugins(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("plugins");
    json.writeStringField("type", "array");
    json.writeObjectFieldStart("items");
    json.writeArrayFieldStart("oneOf");
    for (var type : PluginTypes.all().values()) {
      json.writeStartObject();
      json.writeStringField("description", type.doc());
      json.writeStringField("type", "object");
      json.writeBooleanField("additionalProperties", false);
      json.writeObjectFieldStart("properties");
      raw(json, "name", "{\"type\":\"string\"}");
      words(json, "type", List.of(type.name()));
      json.writeFieldName("parameters");
      object(json, type.parameters());
      json.writeEndObject();
      boolean needed = type.parameters().stream().anyMatch(Parameter::required);
      words(json, needed ? List.of("type", "parameters") : List.of("type"));
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void object(JsonGenerator json, List<Parameter> parameters) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "object");
    json.writeBooleanField("additionalProperties", false);
    json.writeObjectFieldStart("properties");
    for (var parameter : parameters) {
      if (!(parameter.shape() instanceof Shape.Refused)) {
        json.writeObjectFieldStart(parameter.name());
        json.writeStringField("description", parameter.doc());
        shape(json, parameter.shape());
        json.writeEndObject();
      }
    }
    json.writeEndObject();
    words(json, ParameterReader.missing(parameters));
    json.writeEndObject();
  }

  private static void shape(JsonGenerator json, Shape shape) throws IOException {
    switch (shape) {
      case Shape.Text(var allowed) -> {
        json.writeStringField("type", "string");
        if (!allowed.isEmpty()) {
          json.writeArrayFieldStart("enum");
          for (var word : allowed) {
            json.writeString(word);
          }
          json.writeEndArray();
        }
      }
      case Shape.Header _, Shape.Cookie _, Shape.Ref _, Shape.Time _, Shape.Metric _ ->
          json.writeStringField("type", "string");
      case Shape.Decimal(var min, var max) -> {
        json.writeStringField("type", "number");
        if (!Double.isInfinite(min)) {
          json.writeNumberField("minimum", min);
        }
        if (!Double.isInfinite(max)) {
          json.writeNumberField("maximum", max);
        }
      }
      case Shape.Whole(var min, var max) -> {
        json.writeStringField("type", "integer");
        json.writeNumberField("minimum", min);
        json.writeNumberField("maximum", max);
      }
      case Shape.Flag _ -> json.writeStringField("type", "boolean");
      case Shape.Texts _ -> {
        json.writeStringField("type", "array");
        raw(json, "items", "{\"type\":\"string\"}");
      }
      case Shape.TextMap _ -> {
        json.writeStringField("type", "object");
        raw(json, "additionalProperties", "{\"type\":\"string\"}");
      }
      case Shape.Group(var members) -> nested(json, members);
      case Shape.Groups(var members) -> {
        json.writeStringField("type", "array");
        json.writeFieldName("items");
        object(json, members);
      }
      case Shape.Refused _, Shape.Ignored _ -> json.writeBooleanField("deprecated", true);
    }
  }

  private static void nested(JsonGenerator json, List<Parameter> members) throws IOException {
    json.writeArrayFieldStart("allOf");
    object(json, members);
    json.writeEndArray();
  }
}
