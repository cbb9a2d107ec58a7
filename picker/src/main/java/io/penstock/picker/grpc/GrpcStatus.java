package io.penstock.picker.grpc;

/**
 * How a call ends, as far as servers here end one.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/statuscodes.md">gRPC's codes</a>
 */
public enum GrpcStatus {
  OK(0),
  RESOURCE_EXHAUSTED(8),
  UNIMPLEMENTED(12),
  INTERNAL(13),
  UNAVAILABLE(14);

  private final int code;

  GrpcStatus(int code) {
    this.code = code;
  }

  /** The code as {@code grpc-status} carries it. */
  String code() {
    return Integer.toString(code);
  }
}
