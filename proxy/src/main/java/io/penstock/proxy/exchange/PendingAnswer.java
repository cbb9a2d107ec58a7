package io.penstock.proxy.exchange;

import io.penstock.proxy.openai.Target;
import io.penstock.proxy.upstream.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * A pod's answer before any of it has gone to the client: its head, and what has come of its body.
 * Confined to the exchange's event loop; {@link #commit} or {@link #discard} ends it.
 */
final class PendingAnswer {

  private final Exchange exchange;
  private final ResponseHead head;
  private final AnswerBody body;

  /** An answer of which the head is here. */
  PendingAnswer(Exchange exchange, ResponseHead head) {
    this.exchange = exchange;
    this.head = head;
    this.body = body();
  }

  private AnswerBody body() {
    var facts = exchange.facts();
    var request = facts.request;
    boolean stream = isStream(head);
    var renaming = renaming(stream);
    return stream
        ? new EventStreamBody(
            exchange.client(),
            exchange.api(),
            request == null || request.includeUsage() || exchange.alwaysReportsUsage(),
            facts.prefillCachedTokens,
            renaming,
            exchange.loop().allocator())
        : new PlainBody(
            exchange.client(),
            exchange.api(),
            exchange.makesResponses(),
            facts.prefillCachedTokens,
            renaming);
  }

  /** Whether what follows the head is a stream of events. */
  static boolean isStream(ResponseHead head) {
    return head.isEventStream() && head.status() < 300;
  }

  /** Gives the answer the name back that the client gave the model; null where it has it. */
  private @Nullable AnswerRenaming renaming(boolean stream) {
    var name = exchange.facts().answerModel;
    if (name == null || !(stream || head.isJson())) {
      return null;
    }
    var loop = exchange.loop();
    return new AnswerRenaming(loop.allocator(), loop.scratch(), name, exchange.api(), stream);
  }

  /** HTTP status that the pod gave. */
  int status() {
    return head.status();
  }

  /** The body where it is a stream, whose first event decides what the answer is; else null. */
  @Nullable EventStreamBody events() {
    return body instanceof EventStreamBody events ? events : null;
  }

  /** Whether it is the stream that was asked for, and nothing of it has been generated yet. */
  boolean awaitsFirstToken() {
    var facts = exchange.facts();
    return body instanceof EventStreamBody events
        && (facts.stream() || facts.target instanceof Target.ResponseById)
        && events.generated() == 0;
  }

  /** The answer is the client's: head and what was kept go out; what follows is for the body. */
  AnswerBody commit() {
    if (!exchange.reply().pinging()) {
      exchange.reply().begin(head, body.keepsLength());
    }
    if (body instanceof EventStreamBody events) {
      events.open();
    }
    return body;
  }

  /** Nobody gets the answer. */
  void discard() {
    body.discard();
  }
}
