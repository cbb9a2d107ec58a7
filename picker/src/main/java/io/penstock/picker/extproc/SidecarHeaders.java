package io.penstock.picker.extproc;

import io.penstock.picker.pool.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What llm-d's sidecar at the destination is told of other endpoints. Pure functions. */
final class SidecarHeaders {

  /** Who computes the prompt. */
  private static final String PREFILLER = "x-prefiller-host-port";

  /** Who encodes images, audio and video, with commas between them. */
  private static final String ENCODERS = "x-encoder-hosts-ports";

  /** Which rank of its pod is meant. */
  private static final String RANK = "x-data-parallel-host-port";

  private SidecarHeaders() {}

  /**
   * Names and values in turn; mostly none.
   *
   * @param prefiller null where the destination computes the prompt
   * @param rank null where the destination is the rank
   */
  static List<String> of(
      @Nullable Endpoint prefiller, List<Endpoint> encoders, @Nullable Endpoint rank) {
    List<String> headers = new ArrayList<>(0);
    if (prefiller != null) {
      headers.add(PREFILLER);
      headers.add(prefiller.address());
    }
    if (!encoders.isEmpty()) {
      headers.add(ENCODERS);
      headers.add(encoders.stream().map(Endpoint::address).collect(Collectors.joining(",")));
    }
    if (rank != null) {
      headers.add(RANK);
      headers.add(rank.address());
    }
    return headers;
  }
}
