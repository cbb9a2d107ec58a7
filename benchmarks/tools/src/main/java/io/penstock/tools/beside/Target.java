package io.penstock.tools.beside;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What can be put through the workloads: a closed set, to which a further peer adds a record. */
sealed interface Target {

  /** The picker's process, where it is one of its own. */
  String PICKER = "picker";

  /** SMG. */
  String SMG = "smg";

  /** vLLM's router. */
  String VLLM_ROUTER = "vllm-router";

  /** The name in flags, tables and JSON. */
  String name();

  /** Its processes, of which each is measured. */
  List<String> parts();

  /** What it is compared with unless a flag says otherwise; null: with nothing. */
  @Nullable Target usualBase();

  /**
   * This gateway.
   *
   * @param ioUring with that transport instead of the usual one
   */
  record Gateway(boolean ioUring) implements Target {
    @Override
    public String name() {
      return ioUring ? "gateway+io_uring" : "gateway";
    }

    @Override
    public List<String> parts() {
      return List.of(name());
    }

    @Override
    public Target usualBase() {
      return new Haproxy();
    }
  }

  /** This gateway and a replica without requests, which tell each other through Redis. */
  record Replicas() implements Target {
    @Override
    public String name() {
      return "gateway+replica";
    }

    @Override
    public List<String> parts() {
      return List.of("gateway", "replica", "redis");
    }

    @Override
    public Target usualBase() {
      return new Gateway(false);
    }
  }

  /** HAProxy with one thread. */
  record Haproxy() implements Target {
    @Override
    public String name() {
      return "haproxy";
    }

    @Override
    public List<String> parts() {
      return List.of(name());
    }

    @Override
    public @Nullable Target usualBase() {
      return null;
    }
  }

  /** Envoy with one worker, which chooses pods in turn. */
  record Envoy() implements Target {
    @Override
    public String name() {
      return "envoy";
    }

    @Override
    public List<String> parts() {
      return List.of(name());
    }

    @Override
    public @Nullable Target usualBase() {
      return null;
    }
  }

  /**
   * The shipped configuration of Envoy with {@code penstock picker} behind it.
   *
   * @param tls between the two, as is the picker's default
   * @param requestOnly whether the picker ends its stream with the request, so that it sees nothing
   *     of the answer
   */
  record EnvoyPicker(boolean tls, boolean requestOnly) implements Target {
    @Override
    public String name() {
      return "envoy+picker" + (tls ? "" : "-plaintext") + (requestOnly ? "-request-only" : "");
    }

    @Override
    public List<String> parts() {
      return List.of(PICKER, "envoy");
    }

    @Override
    public Target usualBase() {
      return new Envoy();
    }
  }

  /**
   * A router in Rust, by the policy of its that heeds prefixes.
   *
   * @param name {@link #SMG} or {@link #VLLM_ROUTER}
   */
  record Router(String name) implements Target {
    @Override
    public List<String> parts() {
      return List.of(name);
    }

    @Override
    public Target usualBase() {
      return new Haproxy();
    }
  }

  /** All of them. */
  List<Target> ALL =
      List.of(
          new Gateway(false),
          new Gateway(true),
          new Replicas(),
          new Haproxy(),
          new Router(SMG),
          new Router(VLLM_ROUTER),
          new Envoy(),
          new EnvoyPicker(true, false),
          new EnvoyPicker(false, false),
          new EnvoyPicker(true, true),
          new EnvoyPicker(false, true));

  /** The target of that name; null if there is none. */
  static @Nullable Target find(String name) {
    return ALL.stream().filter(target -> target.name().equals(name)).findFirst().orElse(null);
  }

  /** The names of all, for messages. */
  static String names() {
    return ALL.stream().map(Target::name).collect(Collectors.joining(", "));
  }
}
