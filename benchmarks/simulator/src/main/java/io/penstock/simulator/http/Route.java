package io.penstock.simulator.http;

/** Answers the requests of one method and path. Called on the pod's event loop. */
@FunctionalInterface
interface Route {

  void serve(ReceivedRequest request, Reply reply) throws BadRequest;
}
