package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.named;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.PresetException;
import io.penstock.controller.preset.ShellWords;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings model and adapters into pods: downloads before the engine starts ({@code hf://}, {@code
 * s3://}), volumes ({@code pvc://}), images mounted as volumes ({@code oci://}).
 */
final class ModelStorage {

  /** Where the engine finds the model. */
  static final String MODEL_PATH = "/mnt/models";

  /** Name of the Secret with the credentials of downloads. */
  static final String SECRET_ANNOTATION = "serving.kserve.io/storageSecretName";

  private static final String HUGGING_FACE = "hf://";
  private static final String INITIALIZER = "storage-initializer";
  private static final String TOKEN_SECRET = "hf-token";
  private static final String DOWNLOADS = "kserve-provision-location";

  private ModelStorage() {}

  /** What the engine is told to serve. */
  static String source(JsonNode spec) {
    return isLoadedByEngine(spec) ? repository(text(spec, "model", "uri")) : MODEL_PATH;
  }

  /** Tells the engine which revision of the model it is to load, unless the user does. */
  static void announceRevision(ServiceView service, ObjectNode engine) {
    var uri = text(service.spec(), "model", "uri");
    var revision = revision(uri);
    if (isLoadedByEngine(service.spec())
        && !revision.isEmpty()
        && !Engine.hasFlag(engine, "--revision")) {
      Engine.prependArgs(engine, List.of("--revision", ShellWords.literalArgument(revision)));
    }
  }

  private static boolean isLoadedByEngine(JsonNode spec) {
    return !enabled(spec) && isHuggingFace(text(spec, "model", "uri"));
  }

  static boolean isHuggingFace(String uri) {
    return uri.startsWith(HUGGING_FACE);
  }

  /** {@code ORG/MODEL} of {@code hf://ORG/MODEL:REVISION}. */
  static String repository(String uri) {
    int colon = uri.indexOf(':', HUGGING_FACE.length());
    return uri.substring(HUGGING_FACE.length(), colon < 0 ? uri.length() : colon);
  }

  /** {@code REVISION} of {@code hf://ORG/MODEL:REVISION}; empty where there is none. */
  static String revision(String uri) {
    int colon = uri.indexOf(':', HUGGING_FACE.length());
    return colon < 0 ? "" : uri.substring(colon + 1);
  }

  static boolean enabled(JsonNode spec) {
    return at(spec, "storageInitializer", "enabled").asBoolean(true);
  }

  /** One thing to bring, and where to. */
  record Item(String uri, String path, String volume, String specPath) {}

  /**
   * Attaches all that the service's pods need.
   *
   * @throws PresetException when a URI is of a kind that is not known
   */
  static void attach(ServiceView service, ObjectNode pod, ObjectNode engine) {
    if (!enabled(service.spec())) {
      return;
    }
    List<Item> items = new ArrayList<>();
    items.add(
        new Item(text(service.spec(), "model", "uri"), MODEL_PATH, DOWNLOADS, "spec.model.uri"));
    items.addAll(LoraAdapters.items(service.spec()));
    List<Item> downloads = new ArrayList<>();
    for (var item : items) {
      var scheme = item.uri.substring(0, Math.max(0, item.uri.indexOf("://")));
      switch (scheme) {
        case "hf", "s3" -> downloads.add(item);
        case "pvc" -> mountClaim(item, pod, engine);
        case "oci", "oci+native" -> mountImage(item, pod, engine);
        default ->
            throw new PresetException(
                "InvalidRenderedConfig",
                "%s is '%s', allowed: hf://, s3://, pvc://, oci://"
                    .formatted(item.specPath, item.uri));
      }
    }
    if (!downloads.isEmpty()) {
      download(service, downloads, pod, engine);
    }
  }

  private static void mountClaim(Item item, ObjectNode pod, ObjectNode engine) {
    var rest = item.uri.substring("pvc://".length());
    int slash = rest.indexOf('/');
    var claim = slash < 0 ? rest : rest.substring(0, slash);
    var path = slash < 0 ? "" : rest.substring(slash + 1).replaceAll("/+$", "");
    var volume = item.path.equals(MODEL_PATH) ? "kserve-pvc-source" : item.volume;
    Engine.addVolume(
        pod,
        object(
            "name", volume, "persistentVolumeClaim", object("claimName", claim, "readOnly", true)));
    Engine.mount(
        engine,
        object(
            "name",
            volume,
            "mountPath",
            item.path,
            "subPath",
            path.isEmpty() ? null : path,
            "readOnly",
            true));
  }

  private static void mountImage(Item item, ObjectNode pod, ObjectNode engine) {
    var volume = item.path.equals(MODEL_PATH) ? "model-image" : item.volume;
    Engine.addVolume(
        pod,
        object(
            "name",
            volume,
            "image",
            object(
                "reference",
                item.uri.substring(item.uri.indexOf("://") + "://".length()),
                "pullPolicy",
                "IfNotPresent")));
    Engine.mount(
        engine,
        object("name", volume, "mountPath", item.path, "subPath", "models", "readOnly", true));
  }

  private static void download(
      ServiceView service, List<Item> items, ObjectNode pod, ObjectNode engine) {
    ArrayNode args = array();
    ArrayNode mounts = array();
    for (var item : items) {
      args.add(item.uri).add(item.path);
      Engine.addVolume(pod, object("name", item.volume, "emptyDir", object()));
      mounts.add(object("name", item.volume, "mountPath", item.path));
      Engine.mount(engine, object("name", item.volume, "mountPath", item.path, "readOnly", true));
    }
    mounts.add(object("name", "tmp", "mountPath", "/tmp"));
    Engine.addVolume(pod, object("name", "tmp", "emptyDir", object()));
    var container =
        object(
            "name",
            INITIALIZER,
            "image",
            service.facts().images().storageInitializer(),
            "imagePullPolicy",
            "IfNotPresent",
            "args",
            args,
            "env",
            env(service, items),
            "envFrom",
            envFrom(service, items),
            "resources",
            object(
                "requests", object("cpu", "100m", "memory", "256Mi"),
                "limits", object("memory", "4Gi")),
            "securityContext",
            object("allowPrivilegeEscalation", false, "capabilities", object("drop", array("ALL"))),
            "terminationMessagePolicy",
            "FallbackToLogsOnError",
            "volumeMounts",
            mounts);
    var own = named(pod, "initContainers", INITIALIZER);
    if (own == null) {
      arrayAt(pod, "initContainers").insert(0, container);
    } else {
      InitializerOverride.apply(container, own);
    }
  }

  private static ArrayNode env(ServiceView service, List<Item> items) {
    var env = array(object("name", "HOME", "value", "/tmp"));
    if (items.stream().anyMatch(item -> item.uri.startsWith("hf://"))) {
      env.add(object("name", "HF_HUB_ENABLE_HF_TRANSFER", "value", "1"));
      env.add(object("name", "HF_XET_HIGH_PERFORMANCE", "value", "1"));
      var secret = service.annotation(SECRET_ANNOTATION);
      // Public models need no token: the pod starts without the Secret.
      env.add(
          object(
              "name",
              "HF_TOKEN",
              "valueFrom",
              object(
                  "secretKeyRef",
                  object(
                      "name",
                      secret.isEmpty() ? TOKEN_SECRET : secret,
                      "key",
                      "HF_TOKEN",
                      "optional",
                      true))));
    }
    return env;
  }

  /** Keys of an object store, under the names that its clients look for. */
  private static @Nullable ArrayNode envFrom(ServiceView service, List<Item> items) {
    var secret = service.annotation(SECRET_ANNOTATION);
    boolean wanted = items.stream().anyMatch(item -> item.uri.startsWith("s3://"));
    return wanted && !secret.isEmpty() ? array(object("secretRef", object("name", secret))) : null;
  }
}
