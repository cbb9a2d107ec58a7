package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What chats and completions ask for in the same words. Immutable.
 *
 * @param maxTokens 0: as many as the model's length allows
 */
record GenerationParams(
    int n,
    int maxTokens,
    int minTokens,
    List<String> stops,
    boolean ignoreEos,
    @Nullable String cacheSalt,
    int priority,
    long seed,
    boolean stream,
    boolean includeUsage,
    boolean continuousUsage,
    boolean returnTokenIds) {

  private static final int MOST_CHOICES = 16_384; // VLLM_MAX_N_SEQUENCES

  /** Reads and checks the parameters; {@code defaultMaxTokens} when none is given. */
  static GenerationParams of(Json.Obj body, int defaultMaxTokens) throws BadRequest {
    checkTemperature(body);
    boolean stream = body.flag("stream");
    boolean usage = false;
    boolean continuous = false;
    if (body.get("stream_options") instanceof Json.Obj options) {
      if (!stream) {
        throw new BadRequest(
            ErrorBody.invalid(
                "Value error, Stream options can only be defined when `stream=True`.",
                "stream_options"));
      }
      usage = options.flag("include_usage");
      continuous = usage && options.flag("continuous_usage_stats");
    }
    int maxTokens = atLeast1(body, "max_completion_tokens", 0);
    if (maxTokens == 0) {
      maxTokens = atLeast1(body, "max_tokens", defaultMaxTokens);
    }
    return new GenerationParams(
        choices(body),
        maxTokens,
        minTokens(body, maxTokens),
        stops(body.get("stop")),
        body.flag("ignore_eos"),
        salt(body),
        (int) body.integer("priority", 0),
        body.integer("seed", 0),
        stream,
        usage,
        continuous,
        body.flag("return_token_ids"));
  }

  /** The same of a body whose parameters are in an object of their own. */
  static GenerationParams ofGenerate(Json.Obj body, Json.Obj sampling, int defaultMaxTokens)
      throws BadRequest {
    var params = of(sampling, defaultMaxTokens);
    return new GenerationParams(
        params.n,
        params.maxTokens,
        params.minTokens,
        List.of(),
        params.ignoreEos,
        salt(body),
        (int) body.integer("priority", 0),
        params.seed,
        body.flag("stream"),
        false,
        false,
        false);
  }

  /** The same for a tool call of that many tokens. */
  GenerationParams withOutputTokens(int tokens) {
    return new GenerationParams(
        n,
        tokens,
        0,
        List.of(),
        true,
        cacheSalt,
        priority,
        seed,
        stream,
        includeUsage,
        continuousUsage,
        returnTokenIds);
  }

  /** The same with other stop strings. */
  GenerationParams withStops(List<String> other) {
    return new GenerationParams(
        n,
        maxTokens,
        minTokens,
        other,
        ignoreEos,
        cacheSalt,
        priority,
        seed,
        stream,
        includeUsage,
        continuousUsage,
        returnTokenIds);
  }

  static @Nullable String salt(Json.Obj body) throws BadRequest {
    return switch (body.get("cache_salt")) {
      case null -> null;
      case Json.Str salt when !salt.value().isEmpty() -> salt.value();
      case Json other ->
          throw new BadRequest(
              ErrorBody.badRequest(
                  "Parameter 'cache_salt' must be a non-empty string if provided."
                      + " (parameter=cache_salt)",
                  "cache_salt"));
    };
  }

  static List<String> stops(@Nullable Json stop) throws BadRequest {
    List<String> stops = new ArrayList<>();
    switch (stop) {
      case null -> {}
      case Json.Str one -> stops.add(one.value());
      case Json.Arr many -> {
        for (Json each : many.items()) {
          if (!(each instanceof Json.Str text)) {
            throw new BadRequest(ErrorBody.wrongType("stop", "string_type", "string"));
          }
          stops.add(text.value());
        }
      }
      case Json other -> throw new BadRequest(ErrorBody.wrongType("stop", "string_type", "string"));
    }
    if (stops.contains("")) {
      throw new BadRequest(ErrorBody.badRequest("stop cannot contain an empty string.", null));
    }
    return List.copyOf(stops);
  }

  private static int choices(Json.Obj body) throws BadRequest {
    int n = atLeast1(body, "n", 1);
    if (n > MOST_CHOICES) {
      throw new BadRequest(
          ErrorBody.badRequest(
              "n must be at most "
                  + MOST_CHOICES
                  + ", got "
                  + n
                  + ". To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable.",
              null));
    }
    return n;
  }

  private static int minTokens(Json.Obj body, int maxTokens) throws BadRequest {
    int tokens = integer(body, "min_tokens", 0);
    if (tokens < 0) {
      throw new BadRequest(
          ErrorBody.badRequest(
              "min_tokens must be greater than or equal to 0, got " + tokens + ".", null));
    }
    if (maxTokens > 0 && tokens > maxTokens) {
      throw new BadRequest(
          ErrorBody.badRequest(
              "min_tokens must be less than or equal to max_tokens="
                  + maxTokens
                  + ", got "
                  + tokens
                  + ".",
              null));
    }
    return tokens;
  }

  private static int integer(Json.Obj body, String field, int otherwise) throws BadRequest {
    Json value = body.get(field);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof Json.Num number) || !number.isInteger()) {
      throw new BadRequest(ErrorBody.wrongType(field, "int_type", "integer"));
    }
    return (int) number.value();
  }

  static int atLeast1(Json.Obj body, String field, int otherwise) throws BadRequest {
    if (body.get(field) == null) {
      return otherwise;
    }
    int count = integer(body, field, otherwise);
    if (count < 1) {
      throw new BadRequest(
          ErrorBody.badRequest(
              field
                  + " must be at least 1, got "
                  + count
                  + ". (parameter="
                  + field
                  + ", value="
                  + count
                  + ")",
              field));
    }
    return count;
  }

  private static void checkTemperature(Json.Obj body) throws BadRequest {
    if (body.get("temperature") instanceof Json.Num number && number.value() < 0) {
      double value = number.value();
      throw new BadRequest(
          ErrorBody.badRequest(
              "temperature must be non-negative, got "
                  + value
                  + ". (parameter=temperature, value="
                  + value
                  + ")",
              "temperature"));
    }
  }
}
