package io.penstock.picker.discovery;

import io.penstock.picker.pool.Role;
import java.util.Map;
import java.util.Optional;

/** The label by which llm-d's tools say which legs a pod takes. Pure functions. */
public final class RoleLabel {

  /** Name of the label. */
  public static final String NAME = "llm-d.ai/role";

  private RoleLabel() {}

  /** The role that labels give: both legs where none is named, empty where it is not known. */
  public static Optional<Role> role(Map<String, String> labels) {
    return switch (labels.getOrDefault(NAME, "both")) {
      case "both", "prefill-decode", "encode-prefill-decode" -> Optional.of(Role.BOTH);
      case "prefill", "encode-prefill" -> Optional.of(Role.PREFILL);
      case "decode", "encode-decode" -> Optional.of(Role.DECODE);
      case "encode" -> Optional.of(Role.ENCODE);
      default -> Optional.empty();
    };
  }
}
