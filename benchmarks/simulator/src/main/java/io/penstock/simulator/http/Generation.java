package io.penstock.simulator.http;

import io.netty.channel.EventLoop;
import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineRequest;
import io.penstock.simulator.engine.FinishReason;
import io.penstock.simulator.engine.RequestGroup;
import io.penstock.simulator.engine.Sequence;
import io.penstock.simulator.engine.SequenceListener;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.kv.KvFetch;
import io.penstock.simulator.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request at work in the engine: a sequence for each choice of each prompt, whose tokens go to
 * the client as they come or together at the end. Confined to the pod's event loop.
 */
final class Generation {

  private final PodServer pod;
  private final Engine engine;
  private final EventLoop loop;
  private final List<int[]> prompts;
  private final GenerationParams params;
  private final @Nullable String adapter;
  private final Transfer transfer;
  private final List<Choice> choices = new ArrayList<>();
  private final List<Sequence> sequences = new ArrayList<>();
  private int unfinished;
  private boolean aborted;
  private @Nullable KvFetch fetching;

  Generation(
      PodServer pod,
      List<int[]> prompts,
      GenerationParams params,
      @Nullable String adapter,
      Transfer transfer) {
    this.pod = pod;
    this.engine = pod.engine();
    this.loop = pod.loop();
    this.transfer = transfer;
    this.prompts = prompts;
    this.params = params;
    this.adapter = adapter;
    for (int i = 0; i < prompts.size() * params.n(); i++) {
      choices.add(new Choice(i, prompts.get(i / params.n()), params.stops()));
    }
    unfinished = choices.size();
  }

  /** What hears of the progress: each token of each choice, and the end of all of them. */
  interface Progress {

    void token(Choice choice);

    void finished(List<Choice> choices);

    /** The KV cache that another pod was to send did not come: the engine fails the request. */
    void failed();
  }

  /** Answers in a format, streamed or whole as was asked for; stops when the client leaves. */
  void answer(Reply reply, AnswerFormat format) {
    answer(reply, format, all -> {});
  }

  /** The same, and tells the end before it is answered. */
  void answer(Reply reply, AnswerFormat format, Consumer<List<Choice>> ended) {
    reply.onAbort(this::abort);
    if (params.stream()) {
      reply.beginStream();
      format.begin(reply);
    }
    start(
        new Progress() {
          @Override
          public void token(Choice choice) {
            if (params.stream()) {
              format.token(reply, choice);
            }
          }

          @Override
          public void finished(List<Choice> all) {
            ended.accept(all);
            if (params.stream()) {
              format.end(reply, all);
            } else {
              reply.json(200, format.whole(all));
            }
          }

          @Override
          public void failed() {
            if (params.stream()) {
              reply.event("data: " + ErrorBody.INTERNAL.json() + "\n\n");
              reply.done();
              reply.endStream();
            } else {
              reply.error(ErrorBody.INTERNAL);
            }
          }
        });
  }

  /** Hands all sequences to the engine, once the KV cache that others have for them is here. */
  void start(Progress progress) {
    var kv = pod.kv();
    if (kv != null && transfer instanceof Transfer.Take take && choices.size() == 1) {
      int[] prompt = prompts.getFirst();
      fetching =
          kv.fetch(
              take.source(),
              Engine.fingerprint(prompt, adapter),
              prompt.length - engine.cachedTokens(prompt),
              came -> {
                fetching = null;
                if (came) {
                  submit(progress, prompt.length);
                } else {
                  progress.failed();
                }
              });
    } else if (!isLoaded(progress)) {
      submit(progress, 0);
    }
  }

  /** Whether the store that pods share has the prompt; it goes on when it is here then. */
  private boolean isLoaded(Progress progress) {
    var kv = pod.kv();
    if (kv == null || !(transfer instanceof Transfer.Stored) || choices.size() > 1) {
      return false;
    }
    int[] prompt = prompts.getFirst();
    return kv.load(
        Engine.fingerprint(prompt, adapter),
        prompt.length - engine.cachedTokens(prompt),
        () -> {
          if (!aborted) {
            submit(progress, prompt.length);
          }
        });
  }

  private void submit(Progress progress, int externalTokens) {
    for (int p = 0; p < prompts.size(); p++) {
      RequestGroup group = RequestGroup.of(params.n());
      for (int i = 0; i < params.n(); i++) {
        EngineRequest request =
            EngineRequest.builder(prompts.get(p))
                .maxTokens(cut() ? 1 : params.maxTokens())
                .minTokens(params.minTokens())
                .ignoreEos(cut() || params.ignoreEos())
                .cacheSalt(params.cacheSalt())
                .adapter(adapter)
                .priority(params.priority())
                .seed(params.seed() + i)
                .group(group)
                .externalTokens(externalTokens)
                .pinned(offers())
                .build();
        Choice choice = choices.get(p * params.n() + i);
        sequences.add(engine.submit(request, new ChoiceListener(choice, progress)));
      }
    }
  }

  private boolean cut() {
    return transfer instanceof Transfer.Offer offer && offer.cut();
  }

  private boolean offers() {
    return pod.kv() != null
        && transfer instanceof Transfer.Offer
        && choices.size() == 1
        && pod.faults().find(Fault.NoTransfer.class).isEmpty();
  }

  /** Takes all sequences out of the engine; nothing is heard of them any more. */
  void abort() {
    aborted = true;
    if (fetching != null) {
      fetching.abort();
      fetching = null;
    }
    sequences.forEach(engine::abort);
  }

  /**
   * Feeds one choice. A token is told only when the engine is done with the step's bookkeeping, so
   * that the last one is told together with the reason why it is the last.
   */
  private final class ChoiceListener implements SequenceListener {

    private final Choice choice;
    private final Progress progress;

    ChoiceListener(Choice choice, Progress progress) {
      this.choice = choice;
      this.progress = progress;
    }

    @Override
    public void scheduled(Sequence sequence) {
      choice.scheduled(sequence.cachedTokens());
    }

    @Override
    public boolean token(Sequence sequence, int tokenId) {
      String piece = Tokenizer.isSpecial(tokenId) ? "" : Tokenizer.decode(tokenId);
      boolean goesOn = choice.add(tokenId, piece);
      loop.execute(this::tell);
      boolean ends =
          transfer instanceof Transfer.Offer && pod.faults().find(Fault.EosFirst.class).isPresent();
      return goesOn && !ends;
    }

    @Override
    public void finished(Sequence sequence, FinishReason reason) {
      choice.finish(reason);
      var kv = pod.kv();
      if (kv != null
          && transfer instanceof Transfer.Offer offer
          && reason == FinishReason.LENGTH
          && sequence.request().pinned()) {
        int[] prompt = sequence.request().promptTokenIds();
        kv.pin(offer.id(), Engine.fingerprint(prompt, adapter), () -> engine.free(sequence));
        choice.handOut(offer.params(kv, sequence));
      } else if (kv != null
          && transfer instanceof Transfer.Stored
          && reason != FinishReason.ABORT) {
        kv.save(Engine.fingerprint(sequence.request().promptTokenIds(), adapter));
      }
    }

    private void tell() {
      if (aborted) {
        return;
      }
      progress.token(choice);
      if (choice.isFinished() && --unfinished == 0) {
        progress.finished(choices);
      }
    }
  }
}
