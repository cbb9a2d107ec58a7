package io.penstock.picker.config;

import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.RuleObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows a file of InferenceObjective and InferenceModelRewrite manifests, as one would apply them
 * to Kubernetes. A changed file is loaded whole and handed on; whoever gets it takes it over only
 * if it is right.
 *
 * <p>Owned by the executor that polls; the consumer is called there.
 */
public final class RulesFile implements AutoCloseable {

  /** Groups and version of both kinds. */
  static final List<String> API_VERSIONS =
      List.of("llm-d.ai/v1alpha2", "inference.networking.x-k8s.io/v1alpha2");

  private static final String OBJECTIVE = "InferenceObjective";
  private static final String REWRITE = "InferenceModelRewrite";
  private static final List<String> KINDS = List.of(OBJECTIVE, REWRITE);

  private final Path file;
  private final Set<String> pools;
  private final WatchedFiles files;
  private Consumer<LoadedRules> changed = result -> {};

  /**
   * Remembers the file as it is now: make it before the first load, so that no change falls
   * between.
   *
   * @param pools names of the pool; what refers to another one is left out
   */
  public RulesFile(Path file, Set<String> pools) {
    this.file = file;
    this.pools = Set.copyOf(pools);
    this.files = new WatchedFiles(List.of(file), content -> changed.accept(load()));
  }

  /** The file. */
  public Path path() {
    return file;
  }

  /** What the file says now. */
  public LoadedRules load() {
    try {
      return load(file.toString(), Files.readString(file), pools);
    } catch (NoSuchFileException e) {
      return refused("there is no such file");
    } catch (IOException e) {
      return refused("cannot be read: " + e);
    }
  }

  private LoadedRules refused(String why) {
    return new LoadedRules.Invalid(List.of(ConfigError.of(file.toString(), "", why)));
  }

  /** Polls from now on, until closed; what each change comes to goes to the consumer. */
  public void start(
      ScheduledExecutorService executor, Duration interval, Consumer<LoadedRules> consumer) {
    changed = consumer;
    files.start(executor, interval);
  }

  @Override
  public void close() {
    files.close();
  }

  /** Reads a text. */
  static LoadedRules load(String source, String text, Set<String> pools) {
    List<ConfigError> errors = new ArrayList<>();
    List<ConfigError> warnings = new ArrayList<>();
    var reader = new RulesReader(warnings);
    List<Objective> objectives = new ArrayList<>();
    List<ModelRewrite> rewrites = new ArrayList<>();
    for (var document : YamlMapping.parseAll(source, text, errors)) {
      var kind = header(document);
      var metadata = document.mapping("metadata");
      var name = name(document, metadata);
      var spec = document.mapping("spec");
      if (spec == null) {
        if (!document.has("spec")) {
          document.error("spec", "is missing");
        }
        continue;
      }
      boolean here = refersHere(spec, pools);
      if (OBJECTIVE.equals(kind)) {
        spec.refuseAllBut(List.of("poolRef", "priority"));
        int priority = reader.priority(spec);
        if (here && name != null) {
          objectives.add(new Objective(name, priority));
        }
      } else if (REWRITE.equals(kind)) {
        spec.refuseAllBut(List.of("poolRef", "rules"));
        var rules = reader.rules(spec);
        if (here && name != null) {
          rewrites.add(new ModelRewrite(name, created(metadata, rewrites.size()), rules));
        }
      }
    }
    return errors.isEmpty()
        ? new LoadedRules.Valid(new RuleObjects(objectives, rewrites), warnings)
        : new LoadedRules.Invalid(errors);
  }

  private static @Nullable String header(YamlMapping document) {
    document.refuseAllBut(List.of("apiVersion", "kind", "metadata", "spec", "status"));
    return oneOf(document, "apiVersion", API_VERSIONS) == null
        ? null
        : oneOf(document, "kind", KINDS);
  }

  private static @Nullable String oneOf(YamlMapping document, String key, List<String> allowed) {
    var text = document.text(key);
    if (!document.has(key)) {
      document.error(key, "is missing; allowed: " + String.join(", ", allowed));
    } else if (text != null && !allowed.contains(text)) {
      document.error(
          key,
          "'%s' does not fit; allowed: %s%s"
              .formatted(text, String.join(", ", allowed), Suggestion.didYouMean(text, allowed)));
      return null;
    }
    return text;
  }

  private static @Nullable String name(YamlMapping document, @Nullable YamlMapping metadata) {
    var name = metadata == null ? null : metadata.text("name");
    if (metadata == null || name == null || name.isEmpty()) {
      document.error("metadata", "has no name");
      return null;
    }
    return name;
  }

  /**
   * A rewrite that does not say when it was made is younger than those above it; null, as tools
   * print it, says nothing either.
   */
  private static Instant created(@Nullable YamlMapping metadata, int place) {
    var text =
        metadata == null || metadata.isNothing("creationTimestamp")
            ? null
            : metadata.text("creationTimestamp");
    try {
      return text == null ? Instant.EPOCH.plusNanos(place) : Instant.parse(text);
    } catch (DateTimeException e) {
      if (metadata != null) {
        metadata.error("creationTimestamp", "'" + text + "' is no time");
      }
      return Instant.EPOCH;
    }
  }

  private static boolean refersHere(YamlMapping spec, Set<String> pools) {
    var reference = spec.mapping("poolRef");
    if (reference == null) {
      return !spec.has("poolRef");
    }
    reference.refuseAllBut(List.of("group", "kind", "name"));
    var kind = reference.text("kind");
    if (kind != null && !kind.equals("InferencePool")) {
      reference.error("kind", "'" + kind + "' does not fit; allowed: InferencePool");
    }
    var name = reference.text("name");
    if (!reference.has("name")) {
      reference.error("name", "is missing");
    }
    return name != null && pools.contains(name);
  }
}
