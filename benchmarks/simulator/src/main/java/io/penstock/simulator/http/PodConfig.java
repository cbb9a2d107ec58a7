package io.penstock.simulator.http;

import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.metrics.EngineKind;
import io.penstock.simulator.text.TextGenerator;
import io.penstock.simulator.text.Tokenizer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What one simulated pod is. Immutable; made by {@link #builder}.
 *
 * @param address to listen on; port 0 takes a free one
 * @param models served names, the first of them the model itself, the others aliases
 * @param loras names of LoRA adapters of the first model
 * @param engine the engine behind it
 * @param seed of ids and of what is generated
 * @param promptTokensDetails {@code --enable-prompt-tokens-details}: whether usage tells cached
 *     tokens
 * @param requestIdHeaders {@code --enable-request-id-headers}: whether answers carry {@code
 *     x-request-id}
 * @param serverLoadTracking {@code --enable-server-load-tracking}: whether {@code /load} counts
 * @param embeddings whether {@code /v1/embeddings} answers; a model that generates has no such
 *     route
 * @param scaleOut {@code --enable-scale-out}: whether {@code /inference/v1/generate} answers
 * @param metrics whose metrics {@code /metrics} shows; SGLang's pods answer {@code /generate} too
 * @param receivedLimit how many received requests are kept for tests
 * @param tls what it serves TLS with, as {@code --ssl-certfile} and {@code --ssl-keyfile}; null:
 *     plain text
 * @param kv how it shares its KV cache, as {@code --kv-transfer-config}; null: it does not
 */
public record PodConfig(
    InetSocketAddress address,
    List<String> models,
    List<String> loras,
    EngineConfig engine,
    long seed,
    boolean promptTokensDetails,
    boolean requestIdHeaders,
    boolean serverLoadTracking,
    boolean embeddings,
    boolean scaleOut,
    EngineKind metrics,
    int receivedLimit,
    @Nullable Tls tls,
    @Nullable KvConfig kv) {

  /** Files in PEM: a certificate chain, and its key as PKCS#8. */
  public record Tls(Path certificate, Path key) {}

  /** Checks that there is a model. */
  public PodConfig {
    models = List.copyOf(models);
    loras = List.copyOf(loras);
    if (models.isEmpty()) {
      throw new IllegalArgumentException("a pod serves at least one model");
    }
    if (receivedLimit < 0) {
      throw new IllegalArgumentException(
          "receivedLimit must not be negative, but is " + receivedLimit);
    }
  }

  /** A builder for a pod that serves {@code tiny} from an engine that takes no time. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects a {@link PodConfig}; what is not set has the default named at its setter. */
  public static final class Builder {

    private InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private List<String> models = List.of("tiny");
    private List<String> loras = List.of();
    private EngineProfile profile = EngineProfile.INSTANT;
    private UnaryOperator<EngineConfig.Builder> engine = UnaryOperator.identity();
    private long seed;
    private boolean promptTokensDetails = true;
    private boolean requestIdHeaders;
    private boolean serverLoadTracking;
    private boolean embeddings;
    private boolean scaleOut;
    private EngineKind metrics = EngineKind.VLLM;
    private int receivedLimit = 1_000;
    private @Nullable Tls tls;
    private @Nullable KvConfig kv;

    private Builder() {}

    /** Default a free port of the loopback interface. */
    public Builder address(InetSocketAddress value) {
      address = value;
      return this;
    }

    /** A port of the loopback interface. */
    public Builder port(int port) {
      return address(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Default {@code tiny}. */
    public Builder models(String... names) {
      models = List.of(names);
      return this;
    }

    /** Default none. */
    public Builder loras(String... names) {
      loras = List.of(names);
      return this;
    }

    /** Default {@link EngineProfile#INSTANT}. */
    public Builder profile(EngineProfile value) {
      profile = value;
      return this;
    }

    /** Changes the engine's settings; its model name and seed are those of the pod. */
    public Builder engine(UnaryOperator<EngineConfig.Builder> settings) {
      engine = settings;
      return this;
    }

    /** Default 0. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Default true. */
    public Builder promptTokensDetails(boolean enabled) {
      promptTokensDetails = enabled;
      return this;
    }

    /** Default false. */
    public Builder requestIdHeaders(boolean enabled) {
      requestIdHeaders = enabled;
      return this;
    }

    /** Default false. */
    public Builder serverLoadTracking(boolean enabled) {
      serverLoadTracking = enabled;
      return this;
    }

    /** Default false. */
    public Builder embeddings(boolean enabled) {
      embeddings = enabled;
      return this;
    }

    /** Default false. */
    public Builder scaleOut(boolean enabled) {
      scaleOut = enabled;
      return this;
    }

    /** Default vLLM's. */
    public Builder metrics(EngineKind value) {
      metrics = value;
      return this;
    }

    /** Default 1,000. */
    public Builder receivedLimit(int requests) {
      receivedLimit = requests;
      return this;
    }

    /** Default plain text. */
    public Builder tls(Path certificate, Path key) {
      tls = new Tls(certificate, key);
      return this;
    }

    /** Default no connector. */
    public Builder kv(KvConfig value) {
      kv = value;
      return this;
    }

    /** The configuration, checked. */
    public PodConfig build() {
      EngineConfig.Builder base =
          EngineConfig.builder(profile)
              .modelName(models.getFirst())
              .seed(seed)
              .sampler(TextGenerator::next)
              .eosTokenId(Tokenizer.EOS);
      return new PodConfig(
          address,
          models,
          loras,
          engine.apply(base).build(),
          seed,
          promptTokensDetails,
          requestIdHeaders,
          serverLoadTracking,
          embeddings,
          scaleOut,
          metrics,
          receivedLimit,
          tls,
          kv);
    }
  }
}
