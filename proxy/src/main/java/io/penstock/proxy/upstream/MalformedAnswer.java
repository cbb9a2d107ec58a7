package io.penstock.proxy.upstream;

/** An answer that is not well-formed HTTP/1.1. Stackless: it is an expected outcome. */
public final class MalformedAnswer extends Exception {

  private static final long serialVersionUID = 1;

  MalformedAnswer(String what) {
    super(what, null, false, false);
  }
}
