package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * What can be said about a file of manifests without a cluster: the form of our objects, and the
 * rules of {@link Validation}. Objects of other kinds are passed over. Immutable.
 *
 * @param ours how many objects of our kinds there are
 * @param others kinds of the objects that were passed over
 * @param errors one a line, {@code FILE:LINE: PATH: what}
 * @param warnings likewise
 */
public record ManifestCheck(
    int ours, List<String> others, List<String> errors, List<String> warnings) {

  /** Copies the lists. */
  public ManifestCheck {
    others = List.copyOf(others);
    errors = List.copyOf(errors);
    warnings = List.copyOf(warnings);
  }

  /** Whether a text is a file of manifests: some document has an {@code apiVersion}. */
  public static boolean isManifest(String text) {
    return Documents.read(text).documents().stream()
        .anyMatch(each -> Trees.has(each.tree(), "apiVersion"));
  }

  /**
   * Checks a file.
   *
   * @param file its name, for messages
   * @param configs judges a config, hub version, beyond its form
   */
  public static ManifestCheck of(String file, String text, Function<ObjectNode, Verdict> configs) {
    var read = Documents.read(text);
    List<String> others = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    int ours = 0;
    for (var error : read.errors()) {
      errors.add(file + ": " + error);
    }
    for (var document : read.documents()) {
      var tree = document.tree();
      if (Kinds.isService(tree) || Kinds.isConfig(tree)) {
        ours++;
        var verdict = verdict(tree, configs);
        verdict.errors().forEach(each -> errors.add(line(file, document, each, "")));
        verdict.warnings().forEach(each -> warnings.add(line(file, document, each, "warning: ")));
      } else if (Trees.text(tree, "apiVersion").startsWith(Kinds.GROUP + "/")) {
        errors.add(unknown(file, document));
      } else {
        others.add(Trees.text(tree, "kind"));
      }
    }
    return new ManifestCheck(ours, others, errors, warnings);
  }

  private static Verdict verdict(ObjectNode tree, Function<ObjectNode, Verdict> configs) {
    var form = Schema.of(tree).check(tree);
    var rules = Validation.of(tree);
    // both warn about what is unknown
    var both = new Verdict(form.errors(), List.of()).and(rules);
    if (Trees.name(tree).isEmpty() && !Trees.has(tree, "metadata", "generateName")) {
      var at = FieldPath.ROOT.child("metadata", "name");
      both =
          both.and(
              new Verdict(
                  List.of(
                      new Finding(at, Finding.Kind.REQUIRED, "Required value: what to call it")),
                  List.of()));
    }
    return Kinds.isConfig(tree) && both.accepted()
        ? both.and(configs.apply(Conversion.toHub(tree)))
        : both;
  }

  private static String unknown(String file, Document document) {
    var tree = document.tree();
    var kind = Trees.text(tree, "kind");
    boolean known = kind.equals(Kinds.SERVICE) || kind.equals(Kinds.CONFIG);
    var written = known ? Trees.text(tree, "apiVersion") : kind;
    var allowed = known ? Kinds.APIS : List.of(Kinds.SERVICE, Kinds.CONFIG);
    return "%s:%d: %s '%s' is not known, only %s%s"
        .formatted(
            file,
            document.line(FieldPath.ROOT.child(known ? "apiVersion" : "kind")),
            known ? "apiVersion" : "kind",
            written,
            String.join(" and ", allowed),
            Nearest.hint(written.toLowerCase(Locale.ROOT), allowed));
  }

  private static String line(String file, Document document, Finding finding, String kind) {
    return file + ":" + document.line(finding.path()) + ": " + kind + finding;
  }
}
