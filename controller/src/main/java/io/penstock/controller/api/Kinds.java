package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** The group, versions and kinds of Penstock's custom resources. */
public final class Kinds {

  public static final String GROUP = "serving.kserve.io";

  /** Served for old clients, never stored. */
  public static final String V1ALPHA1 = "v1alpha1";

  /** The hub: what is stored, and what the controller reads. */
  public static final String V1ALPHA2 = "v1alpha2";

  public static final String V1ALPHA1_API = GROUP + "/" + V1ALPHA1;
  public static final String HUB_API = GROUP + "/" + V1ALPHA2;
  public static final List<String> APIS = List.of(V1ALPHA1_API, HUB_API);

  public static final String SERVICE = "LLMInferenceService";
  public static final String SERVICES = "llminferenceservices";
  public static final String CONFIG = "LLMInferenceServiceConfig";
  public static final String CONFIGS = "llminferenceserviceconfigs";

  private Kinds() {}

  /** Whether this is an LLMInferenceService, in any of our versions. */
  public static boolean isService(JsonNode object) {
    return isOurs(object) && SERVICE.equals(Trees.text(object, "kind"));
  }

  /** Whether this is an LLMInferenceServiceConfig, in any of our versions. */
  public static boolean isConfig(JsonNode object) {
    return isOurs(object) && CONFIG.equals(Trees.text(object, "kind"));
  }

  private static boolean isOurs(JsonNode object) {
    return APIS.contains(Trees.text(object, "apiVersion"));
  }
}
