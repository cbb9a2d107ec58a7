package io.penstock.picker.extproc;

import io.penstock.picker.request.ApiKind;

/**
 * Which inference API a path belongs to, by its end, so that a prefix which a route adds or removes
 * does not matter; SGLang's is too short for that, and must be the whole. Pure function.
 */
final class ApiPaths {

  private ApiPaths() {}

  /**
   * Whether vLLM generates there, too, from bodies that are not of one API: what decides is how
   * they look, or they hold many.
   */
  static boolean generates(String path) {
    return path.endsWith("/invocations") || path.endsWith("/chat/completions/batch");
  }

  /** The API; {@link ApiKind#OPAQUE} for every path that is not known. */
  static ApiKind of(String path) {
    if (path.endsWith("/chat/completions")) {
      return ApiKind.CHAT;
    }
    if (path.endsWith("/completions")) {
      return ApiKind.COMPLETIONS;
    }
    if (path.endsWith("/embeddings")) {
      return ApiKind.EMBEDDINGS;
    }
    if (path.endsWith("/v1/responses")) {
      return ApiKind.RESPONSES;
    }
    if (path.endsWith("/v1/messages")) {
      return ApiKind.MESSAGES;
    }
    if (path.endsWith("/inference/v1/generate")) {
      return ApiKind.GENERATE;
    }
    if (path.equals("/generate")) {
      return ApiKind.SGLANG;
    }
    return ApiKind.OPAQUE;
  }
}
