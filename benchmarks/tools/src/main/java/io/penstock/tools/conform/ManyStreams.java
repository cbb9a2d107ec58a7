package io.penstock.tools.conform;

/** Many streams of one gateway: at once, and left half-way. */
final class ManyStreams {

  private static final int AT_ONCE = 256;
  private static final int LEFT = 100;

  private ManyStreams() {}

  static Verdict atOnce(Gateway gateway) throws InterruptedException {
    // Connections of its own: streams that wait for room would delay those of other checks, and
    // closing it ends them all.
    try (var another = gateway.reconnected()) {
      for (int i = 0; i < AT_ONCE; i++) {
        var exchange = another.open(gateway.chat());
        if (exchange.sendRequest().seen().destination().isEmpty()) {
          return new Verdict.Failed(
              AT_ONCE + " streams of one connection open at a time, each with an endpoint",
              "on stream " + (i + 1) + ": " + exchange.seen());
        }
      }
      return new Verdict.Passed(AT_ONCE + " streams open, all with an endpoint");
    }
  }

  static Verdict leftHalfWay(Gateway gateway) throws InterruptedException {
    for (int i = 0; i < LEFT; i++) {
      var request = gateway.chat();
      try (var exchange = gateway.open(request)) {
        exchange.send(request.head());
        exchange.send(request.piece(request.body().substring(0, 20), false));
      }
    }
    var seen = gateway.ask(gateway.chat());
    return Verdict.of(
        seen.destination().isPresent(),
        "a chat routed after " + LEFT + " streams that were cancelled within the body",
        seen);
  }
}
