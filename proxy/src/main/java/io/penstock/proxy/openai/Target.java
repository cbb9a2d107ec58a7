package io.penstock.proxy.openai;

import io.penstock.picker.request.ApiKind;

/** What a request line asks for. Immutable. */
public sealed interface Target {

  /**
   * A body with a model in it, for any pod that serves the model.
   *
   * @param multipart whether the body is a form, with {@code model} as one of its fields
   * @param path canonical path, as the pod knows it
   */
  record Inference(ApiKind api, boolean multipart, String path) implements Target {}

  /** {@code GET /v1/models}. */
  record ModelList() implements Target {}

  /**
   * {@code GET /v1/models/{id}}.
   *
   * @param id decoded; may contain slashes
   */
  record ModelById(String id) implements Target {}

  /**
   * A stored response, which lives on the pod that made it.
   *
   * @param id as in the path: letters, digits, {@code _ . -}
   * @param path canonical path, as the pod knows it
   */
  record ResponseById(String id, ResponseAction action, String path) implements Target {}

  /** Something the gateway answers itself. */
  record Local(Kind kind) implements Target {
    /** What is asked of the gateway. */
    public enum Kind {
      /** {@code /health}: 200 when ready, 503 when not; no body. */
      HEALTH,
      /** {@code /ping}: as health; the name SageMaker asks by. */
      PING,
      /** {@code /version}: build facts. */
      VERSION
    }
  }

  /** No such path, or one that is never exposed: {@link GatewayError#UNKNOWN_URL}. */
  record NotFound() implements Target {}

  /**
   * The path exists under other methods: {@link GatewayError#METHOD_NOT_SUPPORTED}.
   *
   * @param allow value of the {@code allow} header
   */
  record MethodNotAllowed(String allow) implements Target {}

  /** The request target is no plain path: {@link GatewayError#INVALID_URL}. */
  record Malformed() implements Target {}

  /** What is done with a stored response. */
  enum ResponseAction {
    /** {@code GET /v1/responses/{id}}. */
    RETRIEVE,
    /** {@code POST /v1/responses/{id}/cancel}. */
    CANCEL,
    /** {@code GET /v1/responses/{id}/input_items}. */
    INPUT_ITEMS,
    /** {@code DELETE /v1/responses/{id}}. */
    DELETE
  }
}
