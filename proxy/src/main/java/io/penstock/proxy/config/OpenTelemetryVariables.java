package io.penstock.proxy.config;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * OpenTelemetry's own variables, as far as they say something that is a setting here. They are the
 * weakest source: whatever the file, {@code PENSTOCK_…} or a flag says goes first. Pure functions.
 *
 * <p>Source: OpenTelemetry specification, environment variables of the SDK and of the OTLP
 * exporter.
 */
final class OpenTelemetryVariables {

  private static final String DISABLED = "OTEL_SDK_DISABLED";
  private static final String ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
  private static final String TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  private static final String HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";
  private static final String TRACES_HEADERS = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
  private static final String SERVICE = "OTEL_SERVICE_NAME";
  private static final String TRACES_PATH = "/v1/traces";

  /** A setting's text and the variable that it is from. */
  record Given(String text, String variable) {}

  private OpenTelemetryVariables() {}

  /** The settings that the variables make. */
  static Map<Setting<?>, Given> settings(Map<String, String> environment) {
    Map<Setting<?>, Given> settings = new LinkedHashMap<>();
    if ("true".equalsIgnoreCase(environment.get(DISABLED))) {
      return settings;
    }
    var traces = value(environment, TRACES_ENDPOINT);
    var all = value(environment, ENDPOINT);
    if (traces != null) {
      settings.put(Settings.TRACING_ENDPOINT, new Given(traces, TRACES_ENDPOINT));
    } else if (all != null) {
      var base = all.endsWith("/") ? all.substring(0, all.length() - 1) : all;
      settings.put(Settings.TRACING_ENDPOINT, new Given(base + TRACES_PATH, ENDPOINT));
    }
    var service = value(environment, SERVICE);
    if (service != null) {
      settings.put(Settings.TRACING_SERVICE, new Given(service, SERVICE));
    }
    return settings;
  }

  /** Headers for the exporter: {@code name=value,name=value}, percent-encoded. */
  static Map<String, String> headers(Map<String, String> environment) {
    var text = value(environment, TRACES_HEADERS);
    if (text == null) {
      text = value(environment, HEADERS);
    }
    Map<String, String> headers = new LinkedHashMap<>();
    if (text != null) {
      for (var pair : text.split(",", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0) {
          headers.put(pair.substring(0, equals).strip(), decoded(pair.substring(equals + 1)));
        }
      }
    }
    return headers;
  }

  private static String decoded(String value) {
    try {
      return URLDecoder.decode(value.strip().replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notEncoded) {
      return value.strip();
    }
  }

  private static @Nullable String value(Map<String, String> environment, String name) {
    var value = environment.get(name);
    return value == null || value.isBlank() ? null : value;
  }
}
