package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The objects that one request selects, kept by an informer, and how well they are known. It tries
 * again for ever, whatever the API server answers; what it knew stays until a new list has come.
 *
 * <p>{@link #trouble} belongs to the control thread, the rest may be called from anywhere.
 */
final class ObjectWatch<T extends HasMetadata> implements AutoCloseable {

  /** A watch that ends in turn is back by the next check. */
  private static final int CHECKS_TO_BELIEVE = 2;

  /** From one request to the next that asks why there is no watch. */
  private static final int CHECKS_BETWEEN_PROBES = 5;

  /** From one look whether it may still list to the next, while its watch stands. */
  private static final int CHECKS_BETWEEN_LOOKS = 5;

  /** A watch over plain HTTP is seen to stand when its first bookmark comes, after a minute. */
  private static final int CHECKS_WITHOUT_A_SIGN = 120;

  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;

  private final String what;
  private final FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ?> request;
  private final Executor blocking;
  private final SharedIndexInformer<T> informer;
  private final CompletableFuture<Void> begun;
  private volatile boolean synced;
  private volatile String failure = "";

  /** Whether the API server said last that it has no such kind. */
  private volatile boolean absent;

  /** Whether the API server said last that it may not list. */
  private volatile boolean refused;

  /** Why it may no longer list, although a watch that was allowed still stands. */
  private volatile String refusal = "";

  private int checksUnwatched;
  private int checksWatched;

  /**
   * Begins to list and watch.
   *
   * @param what for people, such as {@code pods with app=x in namespace y}
   * @param blocking where requests may block
   * @param changed called after each change and after the first list, and until that each time that
   *     listing failed, on any thread
   */
  ObjectWatch(
      String what,
      FilterWatchListDeletable<T, ? extends KubernetesResourceList<T>, ?> request,
      Executor blocking,
      Runnable changed) {
    this.what = what;
    this.request = request;
    this.blocking = blocking;
    this.informer = request.runnableInformer(0);
    informer.exceptionHandler(
        (started, cause) -> {
          failure = sentence(cause);
          int code = code(cause);
          absent = code == NOT_FOUND;
          refused = code == UNAUTHORIZED || code == FORBIDDEN;
          if (!synced) {
            changed.run();
          }
          return true;
        });
    informer.addEventHandler(
        new ResourceEventHandler<T>() {
          @Override
          public void onAdd(T object) {
            changed.run();
          }

          @Override
          public void onUpdate(T before, T after) {
            changed.run();
          }

          @Override
          public void onDelete(T object, boolean finalStateUnknown) {
            changed.run();
          }
        });
    this.begun =
        CompletableFuture.runAsync(
            () -> {
              var _ =
                  informer
                      .start()
                      .thenRun(
                          () -> {
                            absent = false;
                            synced = true;
                            changed.run();
                          });
            },
            blocking);
  }

  /** Whether a whole list has come. */
  boolean synced() {
    return synced;
  }

  /** Whether nothing is known because the API server has no such kind. */
  boolean absent() {
    return absent && !synced;
  }

  /** Whether the API server has listed them, or said that it has none to list or will not. */
  boolean answered() {
    return synced || absent || refused;
  }

  /** The objects as last known. */
  List<T> objects() {
    return informer.getStore().list();
  }

  /** Looks how well the objects are known; one sentence, empty when they are. Once a second. */
  String trouble() {
    if (synced && informer.isWatching()) {
      checksUnwatched = 0;
      failure = "";
      // The API server asks for rights when a watch begins, and not while it stands.
      if (++checksWatched % CHECKS_BETWEEN_LOOKS == 0) {
        blocking.execute(this::lookForRights);
      }
      return refusal.isEmpty() ? "" : what + ": watched for minutes at most; " + refusal;
    }
    checksUnwatched++;
    if (checksUnwatched < CHECKS_TO_BELIEVE) {
      return "";
    }
    if (!synced) {
      return what + ": not known yet" + reason();
    }
    if (checksUnwatched % CHECKS_BETWEEN_PROBES == CHECKS_TO_BELIEVE) {
      blocking.execute(this::probe);
    }
    return failure.isEmpty() && checksUnwatched < CHECKS_WITHOUT_A_SIGN
        ? ""
        : what + ": not watched now, the last known state is kept" + reason();
  }

  private String reason() {
    return failure.isEmpty() ? "" : "; " + failure;
  }

  /** A list of one object is the cheapest request that needs the same right. */
  private void lookForRights() {
    try {
      request.list(new ListOptionsBuilder().withLimit(1L).build());
      refusal = "";
    } catch (KubernetesClientException e) {
      if (e.getCode() == UNAUTHORIZED || e.getCode() == FORBIDDEN) {
        refusal = sentence(e);
      }
    }
  }

  /** The informer does not say why a watch cannot be had; a request of our own does. */
  private void probe() {
    try {
      request.list(new ListOptionsBuilder().withLimit(1L).build());
      failure = "";
    } catch (KubernetesClientException e) {
      failure = sentence(e);
    }
  }

  private static Throwable root(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null && !isAnswer(cause)) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** The status that the API server answered, 0 where it did not. */
  private static int code(Throwable thrown) {
    return root(thrown) instanceof KubernetesClientException answer ? answer.getCode() : 0;
  }

  private static String sentence(Throwable thrown) {
    var cause = root(thrown);
    if (cause instanceof KubernetesClientException answer && answer.getCode() > 0) {
      var status = answer.getStatus();
      var message = status == null ? answer.getMessage() : status.getMessage();
      return "the API server answers " + answer.getCode() + ", " + message;
    }
    return "the API server cannot be asked, " + cause;
  }

  private static boolean isAnswer(Throwable thrown) {
    return thrown instanceof KubernetesClientException answer && answer.getCode() > 0;
  }

  @Override
  public void close() {
    var _ = begun.thenRunAsync(informer::stop, blocking);
  }
}
