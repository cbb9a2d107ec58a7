package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;

/**
 * {@code POST /v1/embeddings}: vectors that follow from the input alone. Takes no engine time.
 * Confined to the pod's event loop.
 */
final class EmbeddingsRoute {

  private static final int DIMENSIONS = 64;

  private final PodServer pod;
  private final Models models;
  private final InstantSource time;

  EmbeddingsRoute(PodServer pod, Models models, InstantSource time) {
    this.pod = pod;
    this.models = models;
    this.time = time;
  }

  void serve(ReceivedRequest request, Reply reply) throws BadRequest {
    Json.Obj body = RequestBody.of(request);
    Models.Served model = models.of(body);
    List<int[]> inputs = inputs(body);
    boolean base64 = body.text("encoding_format", "float").equals("base64");
    int dimensions = GenerationParams.atLeast1(body, "dimensions", DIMENSIONS);
    int tokens = 0;
    var out = new JsonWriter().object().field("id", "embd-" + pod.ids().hex(16));
    out.field("object", "list").field("created", time.instant().getEpochSecond());
    out.field("model", model.name()).name("data").array();
    for (int i = 0; i < inputs.size(); i++) {
      float[] vector = vector(inputs.get(i), Math.min(dimensions, 4096));
      tokens += inputs.get(i).length;
      out.object().field("index", i).field("object", "embedding").name("embedding");
      write(out, vector, base64);
      out.endObject();
    }
    out.endArray().name("usage").object().field("prompt_tokens", tokens);
    out.field("total_tokens", tokens).field("completion_tokens", 0);
    out.nulls("prompt_tokens_details").endObject();
    reply.json(200, out.endObject().toString());
  }

  private static List<int[]> inputs(Json.Obj body) throws BadRequest {
    return switch (body.get("input")) {
      case null -> throw new BadRequest(ErrorBody.missing("input", body.fields().size()));
      case Json.Arr list
          when !list.items().isEmpty() && list.items().getFirst() instanceof Json.Num ->
          List.of(tokens(list));
      case Json.Arr list -> {
        List<int[]> inputs = new ArrayList<>();
        for (Json item : list.items()) {
          inputs.add(
              item instanceof Json.Arr ids ? tokens(ids) : Tokenizer.encode(Prompts.text(item)));
        }
        yield inputs;
      }
      case Json text -> List.of(Tokenizer.encode(Prompts.text(text)));
    };
  }

  private static int[] tokens(Json.Arr list) {
    return list.items().stream()
        .mapToInt(item -> item instanceof Json.Num number ? (int) number.value() : 0)
        .toArray();
  }

  /** A vector of length 1. */
  private static float[] vector(int[] tokens, int dimensions) {
    var random = new SplittableRandom(Arrays.hashCode(tokens));
    float[] vector = new float[dimensions];
    double squares = 0;
    for (int i = 0; i < dimensions; i++) {
      vector[i] = (float) random.nextDouble(-1, 1);
      squares += vector[i] * vector[i];
    }
    for (int i = 0; i < dimensions; i++) {
      vector[i] /= (float) Math.sqrt(squares);
    }
    return vector;
  }

  private static void write(JsonWriter out, float[] vector, boolean base64) {
    if (base64) {
      ByteBuffer bytes = ByteBuffer.allocate(vector.length * 4).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(vector);
      out.value(Base64.getEncoder().encodeToString(bytes.array()));
      return;
    }
    out.array();
    for (float value : vector) {
      out.value((double) value);
    }
    out.endArray();
  }
}
