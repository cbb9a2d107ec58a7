package io.penstock.proxy.exchange;

import io.penstock.picker.explain.FailureKind;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.UpstreamFailure;

/** What a failed call means to the client and to the decision record. Stateless. */
final class Failures {

  private Failures() {}

  /** The error the client gets when no other pod can be asked. */
  static GatewayError error(UpstreamFailure.Kind kind) {
    return switch (kind) {
      case CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_FAILED, TLS_FAILED ->
          GatewayError.UPSTREAM_CONNECT_ERROR;
      case NO_SOCKET -> GatewayError.OVERLOADED;
      case RESET_BEFORE_HEAD, RESET_BEFORE_BODY, TRUNCATED -> GatewayError.UPSTREAM_RESET;
      case PROTOCOL_ERROR -> GatewayError.UPSTREAM_INVALID_RESPONSE;
    };
  }

  /** The entry in the decision record. */
  static FailureKind attempt(UpstreamFailure.Kind kind) {
    return switch (kind) {
      case CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_FAILED, TLS_FAILED -> FailureKind.CONNECT;
      case NO_SOCKET -> FailureKind.INTERNAL;
      case RESET_BEFORE_HEAD, RESET_BEFORE_BODY, TRUNCATED -> FailureKind.RESET;
      case PROTOCOL_ERROR -> FailureKind.PROTOCOL;
    };
  }

  /** Whether a pod says by this status that it, not the request, is the trouble. */
  static boolean retryable(int status) {
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
  }

  /** Whether a pod says by this status that it works but has no room now. */
  static boolean busy(int status) {
    return status == 429 || status == 503;
  }
}
