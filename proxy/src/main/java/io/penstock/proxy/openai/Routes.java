package io.penstock.proxy.openai;

import io.penstock.picker.request.ApiKind;
import io.penstock.proxy.openai.Target.Inference;
import io.penstock.proxy.openai.Target.Local;
import io.penstock.proxy.openai.Target.MethodNotAllowed;
import io.penstock.proxy.openai.Target.ModelById;
import io.penstock.proxy.openai.Target.ResponseAction;
import io.penstock.proxy.openai.Target.ResponseById;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The paths clients may ask for. What is not in the table does not exist, so that a pod's
 * engine-control and admin paths cannot be reached, now or after an engine upgrade.
 *
 * <p>The request target is matched as it came, without its query. One that matches nothing is
 * normalised once ({@link RequestPath}) and matched again. A path in the table costs one look at
 * each of its characters and no allocation.
 */
public final class Routes {

  private static final String MODELS = "/v1/models";
  private static final String RESPONSES = "/v1/responses/";

  private static final Target.NotFound NOT_FOUND = new Target.NotFound();
  private static final Target.Malformed MALFORMED = new Target.Malformed();
  private static final Target.ModelList MODEL_LIST = new Target.ModelList();
  private static final MethodNotAllowed ONLY_POST = new MethodNotAllowed("POST");
  private static final MethodNotAllowed ONLY_GET = new MethodNotAllowed("GET");
  private static final MethodNotAllowed GET_OR_POST = new MethodNotAllowed("GET, POST");
  private static final MethodNotAllowed GET_OR_DELETE = new MethodNotAllowed("GET, DELETE");

  private static final Inference[] INFERENCE = {
    json(ApiKind.CHAT, "/v1/chat/completions"),
    json(ApiKind.COMPLETIONS, "/v1/completions"),
    json(ApiKind.RESPONSES, "/v1/responses"),
    json(ApiKind.MESSAGES, "/v1/messages"),
    json(ApiKind.EMBEDDINGS, "/v1/embeddings"),
    json(ApiKind.OPAQUE, "/v1/messages/count_tokens"),
    json(ApiKind.OPAQUE, "/v1/chat/completions/batch"),
    json(ApiKind.OPAQUE, "/v1/chat/completions/render"),
    json(ApiKind.OPAQUE, "/v1/completions/render"),
    json(ApiKind.OPAQUE, "/v2/embed"),
    json(ApiKind.OPAQUE, "/rerank"),
    json(ApiKind.OPAQUE, "/v1/rerank"),
    json(ApiKind.OPAQUE, "/v2/rerank"),
    json(ApiKind.OPAQUE, "/score"),
    json(ApiKind.OPAQUE, "/v1/score"),
    json(ApiKind.OPAQUE, "/classify"),
    json(ApiKind.OPAQUE, "/pooling"),
    json(ApiKind.OPAQUE, "/generative_scoring"),
    json(ApiKind.OPAQUE, "/v1/decisions"),
    json(ApiKind.GENERATE, "/inference/v1/generate"),
    json(ApiKind.SGLANG, "/generate"),
    json(ApiKind.OPAQUE, "/invocations"),
    json(ApiKind.OPAQUE, "/tokenize"),
    json(ApiKind.OPAQUE, "/detokenize"),
    new Inference(ApiKind.OPAQUE, true, "/v1/audio/transcriptions"),
    new Inference(ApiKind.OPAQUE, true, "/v1/audio/translations"),
  };

  private static final Local HEALTH = new Local(Local.Kind.HEALTH);
  private static final Local PING = new Local(Local.Kind.PING);
  private static final Local VERSION = new Local(Local.Kind.VERSION);

  /** {@link #INFERENCE} by length of the path: few candidates for any length. */
  private static final Inference[][] BY_LENGTH = byLength();

  private Routes() {}

  /** Every path that is routed by model, for documents and tests. */
  public static List<Inference> inference() {
    return List.of(INFERENCE);
  }

  /**
   * What a request line asks for.
   *
   * @param method upper case, as sent
   * @param uri the request target as sent: a path with or without a query, or an absolute URI
   */
  public static Target match(String method, String uri) {
    int end = RequestPath.end(uri);
    if (end < 0) {
      return MALFORMED;
    }
    var found = exact(method, uri, end);
    if (found != null) {
      return found;
    }
    var path = RequestPath.normalized(uri, end);
    if (path == null) {
      return MALFORMED;
    }
    found = exact(method, path, path.length());
    return found != null ? found : withId(method, path);
  }

  /** The query of a request target with its {@code ?}, empty if there is none. */
  public static String query(String uri) {
    int mark = uri.indexOf('?');
    return mark < 0 ? "" : uri.substring(mark);
  }

  /**
   * What to ask the pod for: the canonical path and the client's query. Allocates only where the
   * client's spelling of the path was another.
   */
  public static String forwarded(String canonicalPath, String uri) {
    int end = canonicalPath.length();
    boolean same = uri.startsWith(canonicalPath);
    return same && (uri.length() == end || uri.charAt(end) == '?')
        ? uri
        : canonicalPath + query(uri);
  }

  private static @Nullable Target exact(String method, String path, int end) {
    if (end < BY_LENGTH.length) {
      for (var candidate : BY_LENGTH[end]) {
        if (path.startsWith(candidate.path())) {
          return method.equals("POST") ? candidate : ONLY_POST;
        }
      }
    }
    if (is(MODELS, path, end)) {
      return method.equals("GET") ? MODEL_LIST : ONLY_GET;
    }
    if (is("/health", path, end)) {
      return method.equals("GET") ? HEALTH : ONLY_GET;
    }
    if (is("/ping", path, end)) {
      return method.equals("GET") || method.equals("POST") ? PING : GET_OR_POST;
    }
    if (is("/version", path, end)) {
      return method.equals("GET") ? VERSION : ONLY_GET;
    }
    return null;
  }

  private static boolean is(String known, String path, int end) {
    return known.length() == end && path.startsWith(known);
  }

  private static Target withId(String method, String path) {
    if (path.startsWith(MODELS + "/")) {
      var id = RequestPath.decoded(path, MODELS.length() + 1);
      if (id == null) {
        return MALFORMED;
      }
      return method.equals("GET") ? new ModelById(id) : ONLY_GET;
    }
    if (path.startsWith(RESPONSES)) {
      return response(method, path);
    }
    return NOT_FOUND;
  }

  private static Target response(String method, String path) {
    int slash = path.indexOf('/', RESPONSES.length());
    var id = path.substring(RESPONSES.length(), slash < 0 ? path.length() : slash);
    if (!RequestId.isPlain(id, 256)) {
      return NOT_FOUND;
    }
    if (slash < 0) {
      return switch (method) {
        case "GET" -> new ResponseById(id, ResponseAction.RETRIEVE, path);
        case "DELETE" -> new ResponseById(id, ResponseAction.DELETE, path);
        default -> GET_OR_DELETE;
      };
    }
    return switch (path.substring(slash)) {
      case "/cancel" ->
          method.equals("POST") ? new ResponseById(id, ResponseAction.CANCEL, path) : ONLY_POST;
      case "/input_items" ->
          method.equals("GET") ? new ResponseById(id, ResponseAction.INPUT_ITEMS, path) : ONLY_GET;
      default -> NOT_FOUND;
    };
  }

  private static Inference json(ApiKind api, String path) {
    return new Inference(api, false, path);
  }

  private static Inference[][] byLength() {
    int longest = Arrays.stream(INFERENCE).mapToInt(i -> i.path().length()).max().orElse(0);
    var table = new Inference[longest + 1][];
    for (int length = 0; length <= longest; length++) {
      List<Inference> same = new ArrayList<>();
      for (var candidate : INFERENCE) {
        if (candidate.path().length() == length) {
          same.add(candidate);
        }
      }
      table[length] = same.toArray(Inference[]::new);
    }
    return table;
  }
}
