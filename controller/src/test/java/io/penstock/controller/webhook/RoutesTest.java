package io.penstock.controller.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conversion;
import io.penstock.controller.api.Documents;
import io.penstock.controller.api.FieldPath;
import io.penstock.controller.api.Finding;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Sample;
import io.penstock.controller.api.Trees;
import io.penstock.controller.api.Verdict;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Every path answers every review, good or bad, as the API server expects it. */
class RoutesTest {

  private static final String SERVICE = "-serving-kserve-io-v1alpha2-llminferenceservice";
  private static final String MUTATE = "/mutate" + SERVICE;
  private static final String VALIDATE = "/validate" + SERVICE;
  private static final String VALIDATE_CONFIG = VALIDATE + "config";

  private final Routes routes = new Routes(RoutesTest::refuseTheWordBad);

  @Nested
  class Defaulting {

    @Test
    void what_is_missing_is_added_by_a_patch() {
      var response = admit(MUTATE, "CREATE", Sample.service("model: {uri: hf://a/b}"), null);

      assertThat(response.get("allowed").booleanValue()).isTrue();
      assertThat(response.get("patchType").textValue()).isEqualTo("JSONPatch");
      assertThat(patch(response))
          .isEqualTo("[{\"op\":\"add\",\"path\":\"/spec/model/name\",\"value\":\"llm\"}]");
    }

    @Test
    void a_label_that_is_out_of_date_is_replaced_or_removed() {
      var service = Sample.service("model: {uri: hf://a/b, name: m}");
      Trees.with(service, "metadata", "labels").put("serving.kserve.io/routing-group", "old");
      assertThat(patch(admit(MUTATE, "UPDATE", service, null)))
          .isEqualTo(
              "[{\"op\":\"remove\",\"path\":\"/metadata/labels/serving.kserve.io~1routing-group\"}]");

      Trees.with(service, "spec", "router", "route").put("group", "new").put("weight", 1);
      assertThat(patch(admit(MUTATE, "UPDATE", service, null)))
          .isEqualTo(
              "[{\"op\":\"replace\",\"path\":\"/metadata/labels/serving.kserve.io~1routing-group\","
                  + "\"value\":\"new\"}]");
    }

    @Test
    void nothing_to_add_is_no_patch_and_both_versions_are_served() {
      for (var api : Kinds.APIS) {
        var named = Sample.object(api, Kinds.SERVICE, "model: {uri: hf://a/b, name: m}");
        var path = MUTATE.replace(Kinds.V1ALPHA2, api.substring(api.indexOf('/') + 1));
        assertThat(admit(path, "CREATE", named, null).has("patch")).isFalse();
      }
    }
  }

  @Nested
  class Validating {

    @Test
    void all_errors_come_as_causes_of_one_status() {
      var bad = Sample.service("model: {uri: hf://a/b}\nworker: {}\nscaling: {maxReplicas: 1}");

      var response = admit(VALIDATE, "CREATE", bad, null);

      assertThat(response.get("allowed").booleanValue()).isFalse();
      var status = response.get("status");
      assertThat(status.get("code").intValue()).isEqualTo(422);
      assertThat(status.get("reason").textValue()).isEqualTo("Invalid");
      assertThat(status.get("message").textValue())
          .startsWith("LLMInferenceService.serving.kserve.io \"llm\" is invalid: [")
          .contains("spec.parallelism: Required value: ", "spec.scaling: Invalid value: ");
      assertThat(status.at("/details/causes"))
          .extracting(c -> c.get("field").textValue() + " " + c.get("reason").textValue())
          .containsExactly("spec.parallelism FieldValueRequired", "spec.scaling FieldValueInvalid");
    }

    @Test
    void warnings_come_with_what_is_allowed_and_are_cut() {
      var strange =
          Sample.service("model: {uri: hf://a/b}\n" + "x".repeat(300) + ": 1\nreplica: 1");

      var response = admit(VALIDATE, "CREATE", strange, null);

      assertThat(response.get("allowed").booleanValue()).isTrue();
      assertThat(response.get("warnings")).hasSize(2);
      assertThat(response.at("/warnings/0").textValue()).hasSize(256).endsWith("...");
      assertThat(response.at("/warnings/1").textValue()).endsWith("did you mean replicas?");
    }

    @Test
    void an_update_is_compared_with_what_was() {
      var before = Sample.service("model: {uri: hf://a/b}\nparallelism: {pipeline: 2}");
      var after = Sample.service("model: {uri: hf://a/b}\nparallelism: {pipeline: 3}");

      assertThat(admit(VALIDATE, "CREATE", after, null).get("allowed").booleanValue()).isTrue();
      var response = admit(VALIDATE, "UPDATE", after, before);
      assertThat(response.get("allowed").booleanValue()).isFalse();
      assertThat(response.at("/status/details/causes/0/reason").textValue())
          .isEqualTo("FieldValueNotSupported");
    }

    @Test
    void an_old_version_is_judged_like_the_new() {
      var bad = Sample.object(Kinds.V1ALPHA1_API, Kinds.SERVICE, "model: {uri: gs://a}");
      var path = VALIDATE.replace(Kinds.V1ALPHA2, Kinds.V1ALPHA1);

      assertThat(admit(path, "CREATE", bad, null).get("allowed").booleanValue()).isFalse();
    }

    @Test
    void deletions_and_writes_of_status_are_not_judged() {
      var bad = Sample.service("worker: {}");
      assertThat(admit(VALIDATE, "DELETE", null, bad).get("allowed").booleanValue()).isTrue();

      var review = review("UPDATE", bad, bad);
      Trees.with(review, "request").put("subResource", "status");
      assertThat(post(VALIDATE, review).at("/response/allowed").booleanValue()).isTrue();
    }

    @Test
    void a_config_is_also_judged_by_whoever_renders_it() {
      for (var api : Kinds.APIS) {
        var config = Sample.object(api, Kinds.CONFIG, "template: {nodeName: bad}");
        var path = VALIDATE_CONFIG.replace(Kinds.V1ALPHA2, api.substring(api.indexOf('/') + 1));
        var response = admit(path, "CREATE", config, null);
        assertThat(response.at("/status/details/causes/0/field").textValue())
            .isEqualTo("spec.template.nodeName");
        assertThat(admit(path, "UPDATE", config, config).get("allowed").booleanValue()).isTrue();
      }
      var fine = Sample.config("template: {nodeName: n}");
      assertThat(admit(VALIDATE_CONFIG, "CREATE", fine, null).get("allowed").booleanValue())
          .isTrue();
    }

    @Test
    void a_fault_of_ours_refuses_with_a_status() {
      var faulty =
          new Routes(
              config -> {
                throw new IllegalStateException("a fault");
              });
      var review = review("CREATE", Sample.config("replicas: 1"), null);

      var answer = faulty.answer("POST", VALIDATE_CONFIG, bytes(review));

      assertThat(answer.status()).isEqualTo(200);
      var response = tree(answer).get("response");
      assertThat(response.get("allowed").booleanValue()).isFalse();
      assertThat(response.at("/status/reason").textValue()).isEqualTo("InternalError");
    }
  }

  @Nested
  class Converting {

    @Test
    void a_mixed_list_keeps_its_order() {
      var hub = Sample.service("replicas: 1\nkvCacheOffloading: {cpu: 1Gi}");
      var old = Sample.object(Kinds.V1ALPHA1_API, Kinds.CONFIG, "replicas: 2");

      var response = convert(Kinds.V1ALPHA1_API, hub, old, hub);

      assertThat(response.at("/result/status").textValue()).isEqualTo("Success");
      assertThat(response.get("convertedObjects"))
          .containsExactly(Conversion.toV1alpha1(hub), old, Conversion.toV1alpha1(hub));
    }

    @Test
    void one_object_that_is_none_of_ours_fails_the_list_with_its_place() {
      var foreign = Sample.object("v1", "Pod", "a: 1");

      var response = convert(Kinds.HUB_API, Sample.service("replicas: 1"), foreign);

      assertThat(response.at("/result/status").textValue()).isEqualTo("Failure");
      assertThat(response.at("/result/message").textValue()).startsWith("objects[1] is no ");
      assertThat(response.has("convertedObjects")).isFalse();
    }

    @Test
    void a_version_that_is_none_of_ours_fails_with_what_is_possible() {
      var response = convert("serving.kserve.io/v1", Sample.service("replicas: 1"));

      assertThat(response.at("/result/message").textValue())
          .isEqualTo(
              "cannot convert to 'serving.kserve.io/v1', only to serving.kserve.io/v1alpha1 and"
                  + " serving.kserve.io/v1alpha2");
    }

    private JsonNode convert(String to, ObjectNode... objects) {
      var review = Trees.newObject();
      review.put("apiVersion", "apiextensions.k8s.io/v1").put("kind", "ConversionReview");
      var request = review.putObject("request").put("uid", "u-1").put("desiredAPIVersion", to);
      request.putArray("objects").addAll(List.of(objects));
      var answer = post("/convert", review);
      assertThat(answer.at("/response/uid").textValue()).isEqualTo("u-1");
      return answer.get("response");
    }
  }

  @Nested
  class OtherRequests {

    @Test
    void the_old_review_version_is_answered_in_kind() {
      var review = review("CREATE", Sample.service("model: {uri: hf://a/b}"), null);
      review.put("apiVersion", "admission.k8s.io/v1beta1");

      var answer = post(VALIDATE, review);

      assertThat(answer.get("apiVersion").textValue()).isEqualTo("admission.k8s.io/v1beta1");
      assertThat(answer.at("/response/uid").textValue()).isEqualTo("u-1");
    }

    @Test
    void what_is_no_review_gets_400_and_a_sentence() {
      for (var body :
          List.of(
              "",
              "{",
              "[]",
              "7",
              "{}",
              "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}",
              "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
              "{\"apiVersion\":\"admission.k8s.io/v2\",\"kind\":\"AdmissionReview\","
                  + "\"request\":{\"uid\":\"u\"}}",
              "{\"a\":1,\"a\":2}")) {
        for (var path : List.of(VALIDATE, MUTATE, "/convert")) {
          var answer = routes.answer("POST", path, body.getBytes(StandardCharsets.UTF_8));
          assertThat(answer.status()).as(path + " " + body).isEqualTo(400);
          assertThat(answer.body()).startsWith("the ");
        }
      }
    }

    @Test
    void an_object_that_is_none_of_ours_is_refused() {
      var pod = Sample.object("v1", "Pod", "a: 1");
      for (var path : List.of(VALIDATE, MUTATE)) {
        var response = admit(path, "CREATE", pod, null);
        assertThat(response.get("allowed").booleanValue()).isFalse();
        assertThat(response.at("/status/code").intValue()).isEqualTo(400);
      }
      assertThat(admit(MUTATE, "CREATE", null, null).get("allowed").booleanValue()).isFalse();
    }

    @Test
    void other_paths_and_methods_are_said_to_be_so() {
      assertThat(routes.answer("GET", "/healthz", new byte[0]).status()).isEqualTo(200);
      assertThat(routes.answer("GET", VALIDATE, new byte[0]).status()).isEqualTo(405);
      assertThat(routes.answer("POST", "/elsewhere", new byte[0]).status()).isEqualTo(404);
    }
  }

  @Nested
  class Manifests {

    /** The longest value of a label, which the API server makes of the name. */
    private static final int LONGEST_NAME = 63;

    @Test
    void every_path_that_is_installed_is_served_and_every_name_is_short_enough() throws Exception {
      var text = Files.readString(Path.of("../deploy/kustomize/controller/webhooks.yaml"));
      List<String> paths = new ArrayList<>();
      for (var document : Documents.read(text).documents()) {
        for (var webhook : Trees.list(document.tree(), "webhooks")) {
          paths.add(Trees.text(webhook, "clientConfig", "service", "path"));
          assertThat(Trees.text(webhook, "name")).hasSizeLessThanOrEqualTo(LONGEST_NAME);
        }
      }
      for (var crd : List.of("llminferenceservices", "llminferenceserviceconfigs")) {
        var tree = Sample.yaml(Sample.resource("/crds/" + crd + ".yaml"));
        paths.add(tree.at("/spec/conversion/webhook/clientConfig/service/path").textValue());
      }

      assertThat(paths).hasSize(8);
      assertThat(paths)
          .allSatisfy(
              path ->
                  assertThat(routes.answer("POST", path, new byte[0]).status())
                      .as(path)
                      .isEqualTo(400));
    }
  }

  private static Verdict refuseTheWordBad(ObjectNode config) {
    assertThat(Kinds.isConfig(config)).isTrue();
    var at = FieldPath.SPEC.child("template", "nodeName");
    return Trees.text(config, "spec", "template", "nodeName").equals("bad")
        ? new Verdict(List.of(new Finding(at, Finding.Kind.INVALID, "bad")), List.of())
        : Verdict.FINE;
  }

  private JsonNode admit(String path, String operation, ObjectNode object, ObjectNode before) {
    return post(path, review(operation, object, before)).get("response");
  }

  private static ObjectNode review(String operation, ObjectNode object, ObjectNode before) {
    var review = Trees.newObject();
    review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
    var request = review.putObject("request").put("uid", "u-1").put("operation", operation);
    request.set("object", object);
    request.set("oldObject", before);
    return review;
  }

  private JsonNode post(String path, ObjectNode review) {
    var answer = routes.answer("POST", path, bytes(review));
    assertThat(answer.status()).isEqualTo(200);
    return tree(answer);
  }

  private static byte[] bytes(ObjectNode review) {
    return Json.text(review).getBytes(StandardCharsets.UTF_8);
  }

  private static JsonNode tree(Answer answer) {
    return Sample.json(answer.body());
  }

  private static String patch(JsonNode response) {
    byte[] patch = Base64.getDecoder().decode(response.get("patch").textValue());
    return new String(patch, StandardCharsets.UTF_8);
  }
}
