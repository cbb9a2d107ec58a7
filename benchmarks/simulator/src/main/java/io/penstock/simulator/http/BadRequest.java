package io.penstock.simulator.http;

/** A request that is answered with an error before the engine sees it. Stackless. */
final class BadRequest extends Exception {

  private final transient ErrorBody error;

  BadRequest(ErrorBody error) {
    super(error.message(), null, false, false);
    this.error = error;
  }

  ErrorBody error() {
    return error;
  }
}
