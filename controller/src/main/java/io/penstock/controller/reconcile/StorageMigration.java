package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Trees;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes objects that are stored in an older version anew, unchanged, so that they are stored in
 * the hub's, and tells the CRD that no others are left: KServe has stored v1alpha1. Safe to be
 * begun anew at any time. Blocks; confined to its caller.
 */
public final class StorageMigration {

  private static final Logger log = LoggerFactory.getLogger(StorageMigration.class);
  private static final String CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
  private static final int PAGE = 100;

  private final ApiServer server;

  public StorageMigration(ApiServer server) {
    this.server = server;
  }

  /**
   * Does what is to be done; nothing where all is stored in the hub's version.
   *
   * @throws IOException when it is not finished, and why
   */
  public void run() throws IOException {
    for (var kind : List.of(Kind.SERVICE_OBJECT, Kind.CONFIG)) {
      var path = CRDS + kind.plural() + "." + Kinds.GROUP;
      var crd = good(server.get(path), path);
      var stored = Trees.list(crd, "status", "storedVersions");
      if (stored.size() == 1 && stored.getFirst().asText().equals(Kinds.V1ALPHA2)) {
        continue;
      }
      if (!storageVersion(crd).equals(Kinds.V1ALPHA2)) {
        throw new IOException(
            "%s are stored as %s; apply this release's CRDs"
                .formatted(kind.plural(), storageVersion(crd)));
      }
      long written = rewrite(kind);
      var prune = Trees.newObject();
      Trees.with(prune, "metadata").put("resourceVersion", Objects.resourceVersion(crd));
      Trees.with(prune, "status").putArray("storedVersions").add(Kinds.V1ALPHA2);
      good(server.merge(path + "/status", prune), path);
      log.info("{}: {} objects are written anew, all are stored as v1alpha2", path, written);
    }
  }

  private static String storageVersion(ObjectNode crd) {
    return Trees.list(crd, "spec", "versions").stream()
        .filter(each -> Trees.isTrue(each, "storage"))
        .map(each -> Trees.text(each, "name"))
        .findFirst()
        .orElse("");
  }

  private long rewrite(Kind kind) throws IOException {
    long written = 0;
    var next = "";
    do {
      var path =
          "%s/%s?limit=%d&continue=%s"
              .formatted(
                  kind.versionPath(),
                  kind.plural(),
                  PAGE,
                  URLEncoder.encode(next, StandardCharsets.UTF_8));
      var page = good(server.get(path), path);
      for (var item : Trees.list(page, "items")) {
        if (item instanceof ObjectNode object && rewrite(kind, object)) {
          written++;
        }
      }
      next = Trees.text(page, "metadata", "continue");
    } while (!next.isEmpty());
    return written;
  }

  /** False when the object has gone, or somebody has written it meanwhile, which does as well. */
  private boolean rewrite(Kind kind, ObjectNode object) throws IOException {
    object.put("apiVersion", kind.apiVersion()).put("kind", kind.kindName());
    var path = kind.path(Objects.key(object));
    var answer = server.replace(path, object);
    if (answer.isMissing() || answer.isConflict()) {
      return false;
    }
    good(answer, path);
    return true;
  }

  private static ObjectNode good(ApiServer.Answer answer, String path) throws IOException {
    if (!answer.isGood()) {
      throw new IOException(path + ": " + answer.message());
    }
    return answer.body();
  }
}
