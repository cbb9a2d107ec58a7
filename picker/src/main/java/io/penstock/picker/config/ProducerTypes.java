package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.deprecated;
import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.refused;
import static io.penstock.picker.config.Parameter.usual;
import static io.penstock.picker.config.PluginKind.EXTRACTOR;
import static io.penstock.picker.config.PluginKind.PRODUCER;

import io.penstock.picker.schedule.plugins.PrefixMatch;
import java.util.List;

/**
 * Producers, data sources, extractors and parsers, by name: what they stand for happens here in any
 * case, and their parameters say how. Stateless.
 */
final class ProducerTypes {

  static final String APPROX_PREFIX = "approx-prefix-cache-producer";
  static final String IN_FLIGHT = "inflight-load-producer";
  static final String SESSION_ID = "session-id-producer";
  static final String TOKENS = "token-producer";
  static final String METRICS_SOURCE = "metrics-data-source";

  private static final String NO_TOKENIZER =
      "prompts are compared as bytes here, and no tokenizer is asked";
  private static final String SCRAPING =
      "how metrics are read is set by flags of the picker and by the gateway's pools";

  private ProducerTypes() {}

  static List<PluginType> all() {
    return List.of(
        PluginType.builtIn(
            PRODUCER,
            APPROX_PREFIX,
            "remembers which prompts were sent where",
            "",
            ignored("autoTune", "the capacity is the engine's own, as far as it tells it"),
            usual(
                "blockSizeTokens",
                new Shape.Whole(1, PrefixMatch.BLOCK_TOKENS),
                "16",
                "a block is 64 tokens, whatever up to 64 is asked for"),
            deprecated(
                "blockSize", new Shape.Whole(1, PrefixMatch.BLOCK_TOKENS), "blockSizeTokens"),
            usual(
                "maxPrefixBlocksToMatch",
                new Shape.Whole(0, Integer.MAX_VALUE),
                "2048",
                "leading blocks that are compared, where the bound in tokens is 0; 0: all"),
            usual(
                "maxPrefixTokensToMatch",
                new Shape.Whole(0, Integer.MAX_VALUE),
                "131072",
                "leading tokens that are compared; 0: the bound in blocks counts"),
            ignored(
                "lruCapacityPerServer",
                "the capacity is the engine's own; until it tells it, one bound is shared")),
        PluginType.builtIn(
            PRODUCER,
            IN_FLIGHT,
            "counts what is in flight from here",
            "",
            usual("addEstimatedOutputTokens", new Shape.Flag(), "false", "of expected answers")
                .refusing("true", "only tokens that wait for their prefill are counted"),
            ignored("outputRatio", "no expected answers are counted"),
            ignored("maxEstimatedOutputTokens", "no expected answers are counted"),
            ScorerTypes.MATCH_PRODUCER,
            ignored(
                "syncCrossReplicaState",
                "replicas tell each other what they send where --replicas-redis, or the gateway's"
                    + " replicas.redis, is given")),
        tokens(TOKENS, ""),
        tokens("tokenizer", "is deprecated: the type is called " + TOKENS),
        PluginType.builtIn(
            PRODUCER,
            SESSION_ID,
            "says where a request names its session",
            "",
            optional("headerName", new Shape.Header(), "the header"),
            optional("cookieName", new Shape.Cookie(), "the cookie; one of the two")),
        PluginType.builtIn(
            PluginKind.DATA_SOURCE,
            METRICS_SOURCE,
            "reads /metrics of the endpoints",
            "",
            usual("scheme", Shape.oneOf("http"), "http", "http")
                .refusing("https", SCRAPING + ": --model-server-metrics-scheme, tls"),
            usual("path", Shape.oneOf("/metrics"), "/metrics", "/metrics"),
            refused("port", "metrics are read where requests go"),
            ignored("insecureSkipVerify", SCRAPING),
            refused("caCertPath", SCRAPING),
            refused("clientCertPath", SCRAPING),
            refused("clientKeyPath", SCRAPING),
            ignored("interval", SCRAPING)),
        EngineTypes.extractor(),
        PluginType.builtIn(
            PluginKind.DATA_SOURCE, "models-data-source", "reads /v1/models of the endpoints", ""),
        PluginType.builtIn(EXTRACTOR, "models-data-extractor", "understands the list", ""),
        parser("openai-parser", "OpenAI's API"),
        parser("anthropic-parser", "Anthropic's messages"),
        parser("vllmhttp-parser", "vLLM's own API"),
        parser("sglanghttp-parser", "SGLang's own API"),
        parser("passthrough-parser", "everything else, by load alone"));
  }

  private static PluginType tokens(String name, String warning) {
    return PluginType.builtIn(
        PRODUCER,
        name,
        "estimates the prompt's tokens by its bytes",
        warning,
        ignored("estimate", "media count as vLLM's usual models count them"),
        ignored("modelName", NO_TOKENIZER),
        refused("vllm", NO_TOKENIZER),
        refused("udsTokenizerConfig", NO_TOKENIZER));
  }

  private static PluginType parser(String name, String what) {
    return PluginType.builtIn(PluginKind.PARSER, name, "reads " + what, "");
  }

  /** The bounds of the comparison that the producer of that name sets. */
  static PrefixMatch match(Parts parts, String name) {
    var producer = parts.producer(APPROX_PREFIX, name);
    long tokens = producer.whole("maxPrefixTokensToMatch");
    long blocks = producer.whole("maxPrefixBlocksToMatch");
    if (tokens > 0) {
      blocks = Math.max(1, tokens / PrefixMatch.BLOCK_TOKENS);
    }
    return new PrefixMatch(blocks == 0 ? Integer.MAX_VALUE : Math.toIntExact(blocks));
  }

  /** Name of the producer that a plugin with the older parameters reads, empty for the usual. */
  static String matchName(Values values) {
    var name = values.text(ScorerTypes.MATCH_PRODUCER.name());
    var older = values.optionalText("prefixPluginName");
    return name.isEmpty() && older != null ? older : name;
  }
}
