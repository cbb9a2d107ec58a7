package io.penstock.controller.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.controller.api.Sample;
import org.junit.jupiter.api.Test;

class ClientConfigsTest {

  private static final String CRD =
      """
      spec:
        conversion:
          webhook: {clientConfig: {service: {name: s, path: /convert}}}
      """;
  private static final String WEBHOOKS =
      """
      webhooks:
        - {name: a, clientConfig: {service: {name: s, path: /a}}}
        - {name: b, clientConfig: {service: {name: s, path: /b}, caBundle: b2xk}}
      """;

  @Test
  void every_client_trusts_the_bundle_and_the_second_time_changes_nothing() {
    var crd = ClientConfigs.trusting(Sample.yaml(CRD), "pem");
    assertThat(crd.at("/spec/conversion/webhook/clientConfig/caBundle").textValue())
        .isEqualTo("cGVt");
    var webhooks = ClientConfigs.trusting(Sample.yaml(WEBHOOKS), "pem");
    assertThat(webhooks.get("webhooks"))
        .allMatch(w -> w.at("/clientConfig/caBundle").textValue().equals("cGVt"));

    assertThat(ClientConfigs.trusting(webhooks, "pem")).isEqualTo(webhooks);
  }

  @Test
  void a_url_takes_the_place_of_the_service_and_keeps_its_path() {
    var there = ClientConfigs.at(Sample.yaml(WEBHOOKS), "https://127.0.0.1:9443");

    assertThat(there.at("/webhooks/0/clientConfig"))
        .isEqualTo(Sample.json("{\"url\":\"https://127.0.0.1:9443/a\"}"));
    assertThat(there.at("/webhooks/1/clientConfig/caBundle").textValue()).isEqualTo("b2xk");
    assertThat(ClientConfigs.at(there, "https://127.0.0.1:1").at("/webhooks/0/clientConfig"))
        .isEqualTo(Sample.json("{\"url\":\"https://127.0.0.1:1/a\"}"));
  }

  @Test
  void the_service_is_that_of_the_controllers_namespace() {
    var there = ClientConfigs.in(Sample.yaml(CRD), "mine");

    assertThat(there.at("/spec/conversion/webhook/clientConfig/service"))
        .isEqualTo(Sample.yaml("{name: s, path: /convert, namespace: mine}"));
    assertThat(ClientConfigs.in(there, "mine")).isEqualTo(there);
  }

  @Test
  void a_patch_says_what_changed_and_nothing_for_nothing() {
    var before = Sample.yaml(CRD);
    var after = ClientConfigs.trusting(before, "pem");

    assertThat(ClientConfigs.patch(before, after))
        .isEqualTo(
            "[{\"op\":\"add\",\"path\":\"/spec/conversion/webhook/clientConfig/caBundle\","
                + "\"value\":\"cGVt\"}]");
    assertThat(ClientConfigs.patch(after, after)).isEmpty();
  }

  @Test
  void an_object_without_webhooks_stays_as_it_is() {
    var none = Sample.yaml("spec: {conversion: {strategy: None}}");
    assertThat(ClientConfigs.trusting(none, "pem")).isEqualTo(none);
    assertThat(ClientConfigs.at(none, "https://x")).isEqualTo(none);
  }
}
