package io.penstock.controller.preset;

import java.util.Map;

/**
 * How Kubernetes reads commands, arguments and values of variables before a container starts:
 * {@code $(NAME)} becomes the variable's value where there is one and stays as it is where there is
 * none, {@code $$} becomes {@code $}.
 */
public final class Kubelet {

  private Kubelet() {}

  /** The text as the process gets it. */
  public static String expand(String text, Map<String, String> variables) {
    var out = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c != '$' || i + 1 == text.length()) {
        out.append(c);
        i++;
        continue;
      }
      char next = text.charAt(i + 1);
      int close = text.indexOf(')', i);
      if (next == '$') {
        out.append('$');
        i += 2;
      } else if (next == '(' && close > 0) {
        var name = text.substring(i + 2, close);
        out.append(variables.getOrDefault(name, "$(" + name + ")"));
        i = close + 1;
      } else {
        out.append(c).append(next);
        i += 2;
      }
    }
    return out.toString();
  }
}
