package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/** Annotations that ask for devices by dynamic resource allocation. Pure functions. */
final class DeviceRules {

  private static final List<String> ALL =
      List.of(
          Annotations.DRA_DEVICE_CLASS,
          Annotations.DRA_DEVICE_COUNT,
          Annotations.DRA_CEL_SELECTOR,
          Annotations.DRA_CONTAINER_NAME);
  private static final String LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
  private static final Pattern DNS_LABEL = Pattern.compile(LABEL);
  private static final Pattern SUBDOMAIN =
      Pattern.compile("(?=.{1,253}$)" + LABEL + "(\\." + LABEL + ")*");
  private static final Pattern COUNT = Pattern.compile("0*[1-9][0-9]{0,8}");

  private DeviceRules() {}

  /** Whether two objects ask for the same devices. */
  static boolean same(ObjectNode a, ObjectNode b) {
    return ALL.stream()
        .allMatch(key -> Objects.equals(Trees.annotation(a, key), Trees.annotation(b, key)));
  }

  static void check(ObjectNode service, Findings out) {
    var deviceClass = Trees.annotation(service, Annotations.DRA_DEVICE_CLASS);
    if (deviceClass != null && !SUBDOMAIN.matcher(deviceClass).matches()) {
      out.invalid(
          at(Annotations.DRA_DEVICE_CLASS), deviceClass, "must be the name of a DeviceClass");
    }
    for (var key : ALL) {
      var value = Trees.annotation(service, key);
      if (value == null || key.equals(Annotations.DRA_DEVICE_CLASS)) {
        continue;
      }
      if (deviceClass == null) {
        out.invalid(at(key), value, "needs " + Annotations.DRA_DEVICE_CLASS + " beside it");
      }
      switch (key) {
        case Annotations.DRA_DEVICE_COUNT -> {
          if (!COUNT.matcher(value).matches()) {
            out.invalid(at(key), value, "must be a whole number, 1 or more");
          }
        }
        case Annotations.DRA_CONTAINER_NAME -> {
          if (!DNS_LABEL.matcher(value).matches()) {
            out.invalid(at(key), value, "must be the name of a container");
          }
        }
        default -> {
          if (value.lines().noneMatch(line -> !line.isBlank())) {
            out.invalid(at(key), value, "must hold CEL expressions, one a line");
          }
        }
      }
    }
  }

  private static FieldPath at(String annotation) {
    return FieldPath.ROOT.child("metadata", "annotations", annotation);
  }
}
