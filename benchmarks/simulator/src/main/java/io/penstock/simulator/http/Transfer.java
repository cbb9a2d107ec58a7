package io.penstock.simulator.http;

import io.penstock.simulator.engine.Sequence;
import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvSide;
import io.penstock.simulator.kv.KvSource;
import java.net.URI;
import java.util.Map;

/**
 * What a request says of moving its KV cache between pods. Immutable. As in vLLM, parameters that
 * lack what the connector needs are ignored, and the prompt is computed here.
 */
sealed interface Transfer {

  /** Nothing. */
  Transfer NONE = new None();

  /** The store that all pods share. */
  Transfer STORED = new Stored();

  /** The prompt's cache is read from a store where that has it, and written there. */
  record Stored() implements Transfer {}

  /** The prompt is computed and kept here. */
  record None() implements Transfer {}

  /**
   * The prompt's blocks are held for another pod.
   *
   * @param id by which it finds them
   * @param told whether the answer says where they are
   * @param cut whether the engine itself ends it at one token
   */
  record Offer(String id, boolean told, boolean cut) implements Transfer {

    /** Refuses what nobody could ask for. */
    public Offer {
      if (id.isBlank()) {
        throw new IllegalArgumentException("an id is empty");
      }
    }

    /** The parameters that the answer hands out; {@code null} where the connector has none. */
    String params(KvSide kv, Sequence sequence) {
      if (!told) {
        return "null";
      }
      var out = new JsonWriter().object();
      out.field("do_remote_prefill", true).field("do_remote_decode", false);
      out.name("remote_block_ids").array().array();
      for (int block : sequence.blockIds()) {
        out.value((long) block);
      }
      out.endArray().endArray().field("remote_engine_id", kv.engineId());
      out.field("remote_request_id", id).field("remote_host", kv.host());
      out.field("remote_port", kv.port()).field("tp_size", 1).field("dcp_size", 1);
      out.field("pp_size", 1).field("remote_num_tokens", sequence.promptTokens());
      out.nulls("remote_blocks_expiry_time").field("transfer_mode", "pull");
      out.field("remote_prefill_cached_tokens", sequence.cachedTokens());
      String json = out.endObject().toString();
      return json.substring(0, json.length() - 1) + kv.config().extraParams() + "}";
    }
  }

  /** The prompt's cache is taken from another pod. */
  record Take(KvSource source) implements Transfer {}

  /**
   * Reads the body.
   *
   * @param requestId of the engine's request
   * @param suffix that makes it unique
   */
  static Transfer of(KvConfig config, Json.Obj body, String requestId, String suffix) {
    try {
      return switch (config.connector()) {
        case NIXLV2 -> nixl(params(body), requestId + '-' + suffix);
        case MOONCAKE -> mooncake(params(body));
        case SGLANG -> sglang(body, config.prefills());
        case OFFLOADING -> offloading(params(body));
        case SHARED_STORAGE -> STORED;
      };
    } catch (IllegalArgumentException e) {
      return NONE; // vLLM logs them as invalid and computes the prompt
    }
  }

  private static Json.Obj params(Json.Obj body) {
    return object(body, "kv_transfer_params");
  }

  private static Json.Obj object(Json.Obj of, String name) {
    return of.get(name) instanceof Json.Obj object ? object : new Json.Obj(Map.of());
  }

  private static Transfer nixl(Json.Obj params, String id) {
    if (params.flag("do_remote_decode")) {
      return new Offer(id, true, false);
    }
    if (!params.flag("do_remote_prefill") || params.items("remote_block_ids").isEmpty()) {
      return NONE;
    }
    return new Take(
        new KvSource(
            params.text("remote_host", ""),
            (int) params.integer("remote_port", 0),
            params.text("remote_engine_id", ""),
            params.text("remote_request_id", ""),
            false));
  }

  private static Transfer mooncake(Json.Obj params) {
    String id = params.text("transfer_id", "");
    if (params.flag("do_remote_decode")) {
      return new Offer(id, false, false);
    }
    if (!params.flag("do_remote_prefill")) {
      return NONE;
    }
    var address = URI.create(params.text("remote_bootstrap_addr", ""));
    return new Take(
        new KvSource(
            address.getHost(), address.getPort(), params.text("remote_engine_id", ""), id, true));
  }

  private static Transfer sglang(Json.Obj body, boolean prefills) {
    if (!(body.get("bootstrap_room") instanceof Json.Num)) {
      return NONE;
    }
    String room = "room-" + body.integer("bootstrap_room", 0);
    return prefills
        ? new Offer(room, false, true)
        : new Take(
            new KvSource(
                body.text("bootstrap_host", ""),
                (int) body.integer("bootstrap_port", 0),
                "-",
                room,
                true));
  }

  private static Transfer offloading(Json.Obj params) {
    if (params.get("remote_decoder") instanceof Json.Obj decoder) {
      return new Offer(decoder.text("kv_request_id", ""), false, false);
    }
    var prefiller = object(params, "remote_prefiller");
    return prefiller.fields().isEmpty()
        ? NONE
        : new Take(
            new KvSource(
                prefiller.text("remote_host", ""),
                (int) prefiller.integer("remote_port", 0),
                "-",
                prefiller.text("kv_request_id", ""),
                false));
  }
}
