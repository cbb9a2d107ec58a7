package io.penstock.controller.app;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.desired.ConfigTrial;
import io.penstock.controller.webhook.CertificateFiles;
import io.penstock.controller.webhook.ClientConfigs;
import io.penstock.controller.webhook.OwnCertificates;
import io.penstock.controller.webhook.WebhookServer;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The webhooks of one replica: the server, its certificate, and that the API server trusts it.
 * Every minute all three are looked at again, so that a renewal by another replica, and CRDs that
 * were applied anew, are taken over. What fails is logged and tried again.
 *
 * <p>Thread-safe; the looks happen on one thread of its own.
 */
final class Webhooks implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Webhooks.class);
  private static final String SECRET = "penstock-webhook-certificates";
  private static final long LOOK_SECONDS = 60;

  /** An object that says how the API server calls us. */
  private record Caller(String api, String kind, String name) {}

  private static final List<Caller> CALLERS =
      List.of(
          crd(Kinds.SERVICES),
          crd(Kinds.CONFIGS),
          admission("MutatingWebhookConfiguration", "llminferenceservice"),
          admission("ValidatingWebhookConfiguration", "llminferenceservice"),
          admission("ValidatingWebhookConfiguration", "llminferenceserviceconfig"));

  private final KubernetesClient client;
  private final WebhookSettings settings;
  private final @Nullable OwnCertificates own;
  private final @Nullable CertificateFiles files;
  private final WebhookServer server;
  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("webhook-certificates").factory());

  private Webhooks(
      KubernetesClient client,
      WebhookSettings settings,
      @Nullable OwnCertificates own,
      @Nullable CertificateFiles files,
      WebhookServer server) {
    this.client = client;
    this.settings = settings;
    this.own = own;
    this.files = files;
    this.server = server;
  }

  /**
   * Serves from now on, and tells the API server so.
   *
   * @throws IOException when the port or the certificates cannot be had
   */
  static Webhooks start(KubernetesClient client, WebhookSettings settings, InstantSource clock)
      throws IOException {
    var pair = settings.files();
    var files = pair == null ? null : CertificateFiles.open(pair.certificate(), pair.key());
    var own =
        files != null
            ? null
            : OwnCertificates.open(
                new SecretStore(client, settings.namespace(), SECRET), settings.names(), clock);
    var identity = files != null ? files.identity() : nonNull(own).identity();
    var server = WebhookServer.start(settings.listen(), identity, ConfigTrial::check);
    var webhooks = new Webhooks(client, settings, own, files, server);
    webhooks.tell();
    webhooks.looks.scheduleWithFixedDelay(
        webhooks::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    return webhooks;
  }

  /** The port they are served on. */
  int port() {
    return server.port();
  }

  private void look() {
    try {
      if (files != null) {
        files.poll();
      } else {
        nonNull(own).poll();
      }
      tell();
    } catch (IOException | RuntimeException e) {
      LOG.warn("the webhooks keep their certificate: {}", e.getMessage());
    }
  }

  /** With certificates of somebody else, whom to trust is that one's business too. */
  private void tell() {
    if (own != null) {
      var bundle = own.current().bundle();
      CALLERS.forEach(caller -> tell(caller, bundle));
    }
  }

  private void tell(Caller caller, String bundle) {
    try {
      var found =
          client.genericKubernetesResources(caller.api, caller.kind).withName(caller.name).get();
      if (found == null) {
        LOG.warn("there is no {} {}; the API server does not ask us", caller.kind, caller.name);
        return;
      }
      ObjectNode before = Json.MAPPER.valueToTree(found);
      var url = settings.url();
      var reached =
          url == null
              ? ClientConfigs.in(before, settings.namespace())
              : ClientConfigs.at(before, url);
      var after = ClientConfigs.trusting(reached, bundle);
      var patch = ClientConfigs.patch(before, after);
      if (!patch.isEmpty()) {
        client
            .genericKubernetesResources(caller.api, caller.kind)
            .withName(caller.name)
            .patch(PatchContext.of(PatchType.JSON), patch);
        LOG.info("{} {} trusts our certificates", caller.kind, caller.name);
      }
    } catch (KubernetesClientException e) {
      LOG.warn("{} {} cannot be told whom to trust: {}", caller.kind, caller.name, e.getMessage());
    }
  }

  private static Caller crd(String plural) {
    return new Caller(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", plural + "." + Kinds.GROUP);
  }

  private static Caller admission(String kind, String singular) {
    return new Caller("admissionregistration.k8s.io/v1", kind, singular + "." + Kinds.GROUP);
  }

  private static OwnCertificates nonNull(@Nullable OwnCertificates own) {
    if (own == null) {
      throw new IllegalStateException("certificates are either ours or in files");
    }
    return own;
  }

  @Override
  public void close() {
    looks.shutdownNow();
    server.close();
  }
}
