package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.pool.Endpoint;
import io.penstock.proxy.openai.ForwardedHead;
import io.penstock.proxy.openai.Routes;
import io.penstock.proxy.openai.Target;
import io.penstock.proxy.openai.TraceHeaders;
import io.penstock.proxy.trace.LegTrace;
import org.jspecify.annotations.Nullable;

/**
 * The head under which pods get a request, and the trace of each time that one does. Confined to
 * the exchange's event loop.
 */
final class Forwarding {

  private static final int HEAD_BYTES = 512;

  private final LoopContext loop;
  private final RequestFacts facts;

  Forwarding(LoopContext loop, RequestFacts facts) {
    this.loop = loop;
    this.facts = facts;
  }

  /**
   * The trace of what that pod is about to be asked; null where nothing is traced.
   *
   * @param part which part of the request; null for all of it
   */
  @Nullable LegTrace leg(@Nullable String part, Endpoint endpoint) {
    var trace = facts.trace;
    if (trace == null) {
      return null;
    }
    var spec = endpoint.spec();
    var operation = facts.operation();
    var leg = part != null ? part : operation != null ? operation : "request";
    return trace.leg(leg, facts.model(), spec.name(), spec.host(), spec.port(), loop.now());
  }

  /**
   * The request's head as that pod gets it; the caller owns it.
   *
   * @param bodyBytes length of the body, {@link ForwardedHead#NO_BODY} without one
   * @param leg what is traced of it; null: no more than the request
   */
  ByteBuf head(Endpoint endpoint, long bodyBytes, @Nullable LegTrace leg) {
    String path =
        switch (facts.target) {
          case Target.Inference inference -> inference.path();
          case Target.ResponseById stored -> stored.path();
          case Target.ModelList _,
              Target.ModelById _,
              Target.Local _,
              Target.NotFound _,
              Target.Malformed _,
              Target.MethodNotAllowed _ ->
              throw new IllegalStateException("nothing a pod is asked");
        };
    ByteBuf head = loop.allocator().directBuffer(HEAD_BYTES);
    ForwardedHead.write(
        head,
        facts.head.method(),
        Routes.forwarded(path, facts.head.uri()),
        facts.head.headers(),
        endpoint.address(),
        facts.requestId,
        bodyBytes,
        traceHeaders(leg));
    return head;
  }

  private @Nullable TraceHeaders traceHeaders(@Nullable LegTrace leg) {
    var trace = facts.trace;
    if (trace == null) {
      return null;
    }
    var context = leg == null ? trace.context() : leg.context();
    return new TraceHeaders(context.header(), trace.continues());
  }
}
