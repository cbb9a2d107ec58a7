package io.penstock.proxy.admin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of the live page, from the jar and as they are: nothing builds them, and they load
 * nothing from anywhere else. Immutable; read once.
 */
final class PageFiles {

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private static final String[] NAMES = {
    "index.html",
    "style.css",
    "icon.svg",
    "app.js",
    "charts.js",
    "decision.js",
    "flow.js",
    "pods.js",
    "quality.js",
    "text.js",
  };

  private final Map<String, AdminPages.Page> files = new HashMap<>();

  PageFiles() {
    for (var name : NAMES) {
      var type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
      if (type == null) {
        throw new IllegalStateException(name + " is of no known type");
      }
      files.put(name, new AdminPages.Page(200, type, read(name), ""));
    }
  }

  /** A file, null when there is none of that name. */
  AdminPages.@Nullable Page find(String name) {
    return files.get(name);
  }

  private static String read(String name) {
    try (var in = PageFiles.class.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the live page's " + name + " is not in the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(name, e);
    }
  }
}
