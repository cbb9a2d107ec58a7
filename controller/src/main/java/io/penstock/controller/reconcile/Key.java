package io.penstock.controller.reconcile;

/** Which object of a kind. */
public record Key(String namespace, String name) {

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
