package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.regex.Pattern;

/**
 * Whether the objects of a service can be named after it. A name cannot be changed later, so this
 * is asked at creation only. Pure functions.
 */
final class NameRules {

  private static final FieldPath NAME = FieldPath.ROOT.child("metadata", "name");

  /** The name becomes a label's value and the first part of Services' names. */
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

  /** 63 less {@code -kserve-self-signed-certs}: longer names make children's names hashes. */
  private static final int LONGEST_PLAIN = 38;

  /** 63 less {@code -kserve-mn-prefill}, {@code -NN} and a revision of 11 characters. */
  private static final int LONGEST_OF_SEVERAL_PODS = 31;

  private NameRules() {}

  static void check(ObjectNode service, Findings out) {
    var name = Trees.name(service);
    if (name.isEmpty()) {
      return;
    }
    if (!LABEL.matcher(name).matches()) {
      out.invalid(
          NAME,
          name,
          "must be at most 63 lower-case letters, digits and dashes: its Services are named after"
              + " it");
      return;
    }
    if (Character.isDigit(name.charAt(0))) {
      out.warn(
          NAME,
          name + " begins with a digit; many clusters refuse Services whose names begin with one");
    }
    boolean several =
        Trees.has(service, "spec", "worker") || Trees.has(service, "spec", "prefill", "worker");
    int longest = several ? LONGEST_OF_SEVERAL_PODS : LONGEST_PLAIN;
    if (name.length() > longest) {
      out.warn(
          NAME,
          "has "
              + name.length()
              + " characters; beyond "
              + longest
              + " the names of its objects are shortened to a hash");
    }
  }
}
