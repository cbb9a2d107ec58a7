package io.penstock.tools.conform;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One ext_proc stream, gateway side, for one thread that sends and waits. Asks for one message at a
 * time, so that a picker that never stops answering fills no memory. {@link #close} cancels.
 */
final class PickerStream implements AutoCloseable {

  /** What can be waited for. */
  sealed interface Event {
    /** The picker answered. */
    record Reply(ProcessingResponse response) implements Event {}

    /** The picker ended the stream. */
    record Ended(Status status) implements Event {}

    /** Nothing came in time. */
    record Silence() implements Event {}
  }

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final ClientCallStreamObserver<ProcessingRequest> call;
  private boolean asked;
  private boolean ended;

  PickerStream(ManagedChannel channel) {
    var observer = new Receiver();
    ExternalProcessorGrpc.newStub(channel).process(observer);
    this.call = observer.call();
  }

  /** Sends a message; does nothing once the picker has ended the stream. */
  void send(ProcessingRequest message) {
    if (!ended) {
      call.onNext(message);
    }
  }

  /** Sends no more, as Envoy does after the last reply it expects. */
  void halfClose() {
    if (!ended) {
      call.onCompleted();
    }
  }

  /** The next event, waited for no longer than this. */
  Event next(Duration timeout) throws InterruptedException {
    if (!asked) {
      asked = true;
      call.request(1);
    }
    var event = events.poll(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
    if (event == null) {
      return new Event.Silence();
    }
    asked = false;
    ended = event instanceof Event.Ended;
    return event;
  }

  @Override
  public void close() {
    call.cancel("the check is over", null);
  }

  /** Hands what comes, on gRPC's threads, to the queue. */
  private final class Receiver
      implements ClientResponseObserver<ProcessingRequest, ProcessingResponse> {

    private @Nullable ClientCallStreamObserver<ProcessingRequest> started;

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessingRequest> requests) {
      started = requests;
      requests.disableAutoRequestWithInitial(0);
    }

    ClientCallStreamObserver<ProcessingRequest> call() {
      if (started == null) {
        throw new IllegalStateException("gRPC starts a call before it returns");
      }
      return started;
    }

    @Override
    public void onNext(ProcessingResponse response) {
      events.add(new Event.Reply(response));
    }

    @Override
    public void onError(Throwable cause) {
      events.add(new Event.Ended(Status.fromThrowable(cause)));
    }

    @Override
    public void onCompleted() {
      events.add(new Event.Ended(Status.OK));
    }
  }
}
