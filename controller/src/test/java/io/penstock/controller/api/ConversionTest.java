package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ConversionTest {

  private static final int ROUNDS = 4_000;

  @Nested
  class OnRandomObjects {

    @Test
    void forth_and_back_is_the_same_object_and_the_argument_is_not_changed() {
      for (long seed = 0; seed < ROUNDS; seed++) {
        var random = new RandomObjects(seed);
        var old = random.v1alpha1();
        var hub = random.hub();
        var oldBefore = old.deepCopy();
        var hubBefore = hub.deepCopy();

        var up = Conversion.toHub(old);
        var down = Conversion.toV1alpha1(hub);

        assertThat(old).as("argument, seed " + seed).isEqualTo(oldBefore);
        assertThat(hub).as("argument, seed " + seed).isEqualTo(hubBefore);
        assertThat(Conversion.toV1alpha1(up)).as("v1-v2-v1, seed " + seed).isEqualTo(old);
        assertThat(Conversion.toHub(down)).as("v2-v1-v2, seed " + seed).isEqualTo(hub);
        assertThat(Conversion.toHub(Conversion.toV1alpha1(up))).as("seed " + seed).isEqualTo(up);
        assertThat(Conversion.toV1alpha1(Conversion.toHub(down)))
            .as("seed " + seed)
            .isEqualTo(down);
      }
    }

    @Test
    void only_annotations_of_the_metadata_and_the_spec_change() {
      for (long seed = 0; seed < ROUNDS; seed++) {
        var hub = new RandomObjects(seed).hub();
        var old = Conversion.toV1alpha1(hub);

        assertThat(old.get("status")).isEqualTo(hub.get("status"));
        assertThat(withoutAnnotations(old)).isEqualTo(withoutAnnotations(hub));
      }
    }

    private JsonNode withoutAnnotations(ObjectNode object) {
      return ((ObjectNode) object.get("metadata").deepCopy()).without("annotations");
    }
  }

  @Test
  void an_object_of_the_wanted_version_stays_as_it_is() {
    var hub = Sample.service("replicas: 1");

    assertThat(Conversion.toHub(hub)).isEqualTo(hub).isNotSameAs(hub);
    var old = Conversion.toV1alpha1(hub);
    assertThat(Conversion.toV1alpha1(old)).isEqualTo(old);
  }

  @Test
  void what_an_old_client_cannot_see_survives_its_edits() {
    var hub =
        Sample.service(
            """
            model: {uri: oci://a, confidential: {enabled: true}}
            replicas: 1
            kvCacheOffloading: {cpu: 10Gi}
            prefill: {kvCacheOffloading: {cpu: 1Gi}}
            """);
    var old = Conversion.toV1alpha1(hub);
    assertThat(old.at("/spec/kvCacheOffloading").isMissingNode()).isTrue();
    assertThat(old.at("/spec/prefill").isEmpty()).isTrue();
    assertThat(old.at("/spec/model/confidential").isMissingNode()).isTrue();

    ((ObjectNode) old.get("spec")).put("replicas", 2).put("unheardOf", true);
    var back = Conversion.toHub(old);

    assertThat(back.get("spec"))
        .isEqualTo(
            ((ObjectNode) hub.get("spec").deepCopy()).put("replicas", 2).put("unheardOf", true));
    assertThat(back.at("/metadata/annotations").isMissingNode()).isTrue();
  }

  @Test
  void what_belonged_to_a_removed_part_goes_with_it() {
    var old =
        Conversion.toV1alpha1(
            Sample.service("replicas: 1\nprefill: {kvCacheOffloading: {cpu: 1Gi}}"));

    ((ObjectNode) old.get("spec")).remove("prefill");

    assertThat(Conversion.toHub(old)).isEqualTo(Sample.service("replicas: 1"));
  }

  @Test
  void a_new_field_written_in_the_old_version_means_what_it_means_in_the_new() {
    var old = Sample.object(Kinds.V1ALPHA1_API, Kinds.SERVICE, "kvCacheOffloading: {cpu: 10Gi}");

    var hub = Conversion.toHub(old);

    assertThat(hub.at("/spec/kvCacheOffloading/cpu").textValue()).isEqualTo("10Gi");
    assertThat(Conversion.toV1alpha1(hub)).isEqualTo(old);
  }

  @Test
  void a_pool_is_written_in_the_way_of_its_version() {
    var old =
        Sample.object(
            Kinds.V1ALPHA1_API,
            Kinds.SERVICE,
            """
            router:
              scheduler:
                pool:
                  spec:
                    selector: {app: llm}
                    targetPortNumber: 8000
                    extensionRef: {name: epp, kind: Service, portNumber: 9002, failureMode: FailOpen}
            """);

    assertThat(Conversion.toHub(old).at("/spec/router/scheduler/pool/spec"))
        .isEqualTo(
            Sample.yaml(
                """
                selector: {matchLabels: {app: llm}}
                targetPorts: [{number: 8000}]
                endpointPickerRef:
                  {name: epp, kind: Service, port: {number: 9002}, failureMode: FailOpen}
                """));
    assertThat(Trees.has(Conversion.toHub(old), "metadata", "annotations")).isFalse();
  }

  @Test
  void more_ports_than_the_old_version_has_survive_until_somebody_edits_the_pool_there() {
    var hub =
        Sample.service(
            "router: {scheduler: {pool: {spec: {targetPorts: [{number: 1}, {number: 2}]}}}}");
    var old = Conversion.toV1alpha1(hub);
    assertThat(old.at("/spec/router/scheduler/pool/spec"))
        .isEqualTo(Sample.yaml("targetPortNumber: 1"));

    ((ObjectNode) old.get("spec")).put("replicas", 5);
    assertThat(Conversion.toHub(old).at("/spec/router")).isEqualTo(hub.at("/spec/router"));

    ((ObjectNode) old.at("/spec/router/scheduler/pool/spec")).put("targetPortNumber", 3);
    assertThat(Conversion.toHub(old).at("/spec/router/scheduler/pool/spec/targetPorts"))
        .isEqualTo(Sample.json("[{\"number\":3}]"));
    assertThat(Trees.has(Conversion.toHub(old), "metadata", "annotations")).isFalse();
  }

  @Test
  void criticalities_follow_their_adapters_into_a_new_order() {
    var old =
        Sample.object(
            Kinds.V1ALPHA1_API,
            Kinds.SERVICE,
            """
            model:
              criticality: Critical
              lora:
                adapters:
                  - {name: a, criticality: Standard}
                  - {name: b, criticality: Sheddable}
                  - {name: c}
            """);
    var hub = Conversion.toHub(old);
    assertThat(Trees.annotation(hub, Annotations.MODEL_CRITICALITY)).isEqualTo("Critical");
    assertThat(Trees.annotation(hub, Annotations.LORA_CRITICALITIES))
        .isEqualTo("{\"a\":\"Standard\",\"b\":\"Sheddable\"}");

    Trees.with(hub, "spec", "model", "lora")
        .set("adapters", Sample.json("[{\"name\":\"c\"},{\"name\":\"b\"},{\"name\":\"a\"}]"));

    assertThat(Conversion.toV1alpha1(hub).at("/spec/model/lora/adapters"))
        .isEqualTo(
            Sample.json(
                "[{\"name\":\"c\"},{\"name\":\"b\",\"criticality\":\"Sheddable\"},"
                    + "{\"name\":\"a\",\"criticality\":\"Standard\"}]"));
  }

  @Test
  void criticalities_that_kserve_noted_by_index_are_read() {
    var hub = Sample.service("model: {lora: {adapters: [{name: a}, {name: b}]}}");
    Trees.with(hub, "metadata", "annotations")
        .put(Annotations.LORA_CRITICALITIES, "{\"1\":\"Critical\"}");

    var old = Conversion.toV1alpha1(hub);

    assertThat(old.at("/spec/model/lora/adapters/1/criticality").textValue()).isEqualTo("Critical");
    assertThat(old.at("/spec/model/lora/adapters/0/criticality").isMissingNode()).isTrue();
    assertThat(Trees.has(old, "metadata", "annotations")).isFalse();
  }
}
