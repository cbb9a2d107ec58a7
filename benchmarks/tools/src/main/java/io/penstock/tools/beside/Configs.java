package io.penstock.tools.beside;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The targets' configurations; what their lines are for stands in the files. Stateless. */
final class Configs {

  /** Where the shipped file of Envoy begins to speak of TLS, to its end. */
  private static final String TLS = "      # The picker makes a certificate for itself";

  private Configs() {}

  /** HAProxy with one thread and its default buffers. */
  static String haproxy(int port, List<String> endpoints) throws IOException {
    var text = new StringBuilder(resource("haproxy.cfg"));
    for (int i = 0; i < endpoints.size(); i++) {
      text.append("  server pod").append(i).append(' ').append(endpoints.get(i));
      text.append(" pool-max-conn 1024\n");
    }
    return text.toString().replace("@PORT@", Integer.toString(port));
  }

  /** Envoy without a picker: the listener of the shipped file, pods in turn. */
  static String plain(int port, List<String> endpoints) throws IOException {
    var text = new StringBuilder(resource("envoy.yaml"));
    for (var endpoint : endpoints) {
      int colon = endpoint.lastIndexOf(':');
      text.append("              - endpoint: { address: { socket_address: { address: ");
      text.append(endpoint, 0, colon).append(", port_value: ");
      text.append(endpoint, colon + 1, endpoint.length()).append(" } } }\n");
    }
    return text.toString().replace("@PORT@", Integer.toString(port));
  }

  /**
   * Envoy as it is shipped to users, with its picker.
   *
   * @param file the shipped one
   * @param picker the port of its ext-proc
   */
  static String shipped(Path file, int port, int picker, boolean tls) throws IOException {
    String text = Files.readString(file);
    text =
        replace(
            text, "address: 0.0.0.0, port_value: 8080", "address: 127.0.0.1, port_value: " + port);
    text = replace(text, "port_value: 9901", "port_value: 0");
    text = replace(text, "port_value: 9002", "port_value: " + picker);
    return tls ? text : replace(text, text.substring(Math.max(0, text.indexOf(TLS))), "");
  }

  private static String replace(String text, String old, String with) throws IOException {
    if (!text.contains(old) || old.length() == text.length()) {
      throw new IOException("Envoy's configuration is not the shipped one: no '" + old + "' in it");
    }
    return text.replace(old, with);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Configs.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing from the tools");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
