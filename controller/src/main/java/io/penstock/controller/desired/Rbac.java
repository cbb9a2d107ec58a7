package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** ServiceAccounts, and what they may do in their namespace. */
final class Rbac {

  private Rbac() {}

  static ObjectNode rule(String group, String resource, String... verbs) {
    return object("apiGroups", array(group), "resources", array(resource), "verbs", List.of(verbs));
  }

  /** Reading the objectives of requests and the models that stand in for others. */
  static ObjectNode ofRequests() {
    return object(
        "apiGroups",
        array("llm-d.ai", "inference.networking.x-k8s.io"),
        "resources",
        array("inferenceobjectives", "inferencemodelrewrites"),
        "verbs",
        List.of("get", "list", "watch"));
  }

  /** An account with a role of these rules; the account is left out when {@code own} is another. */
  static List<ObjectNode> account(
      ServiceView service,
      String component,
      String accountSuffix,
      String roleSuffix,
      String bindingSuffix,
      String account,
      ArrayNode rules) {
    var role =
        service.child(
            "rbac.authorization.k8s.io/v1", "Role", roleSuffix, component, "rules", rules);
    var binding =
        service.child(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            bindingSuffix,
            component,
            "roleRef",
            object(
                "apiGroup",
                "rbac.authorization.k8s.io",
                "kind",
                "Role",
                "name",
                service.child(roleSuffix)),
            "subjects",
            array(
                object(
                    "kind", "ServiceAccount", "name", account, "namespace", service.namespace())));
    return account.equals(service.child(accountSuffix))
        ? List.of(service.child("v1", "ServiceAccount", accountSuffix, component), role, binding)
        : List.of(role, binding);
  }
}
