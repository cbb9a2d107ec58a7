package io.penstock.tools.conform;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;

/** How the chosen endpoint is communicated. */
final class Choice {

  private static final int PICKS = 16;

  private Choice() {}

  static Verdict isOfThePool(Gateway gateway) throws InterruptedException {
    var pool = gateway.options().endpoints();
    if (pool.isEmpty()) {
      return new Verdict.Skipped("the pool's endpoints were not given");
    }
    for (int i = 0; i < PICKS; i++) {
      var seen = gateway.ask(gateway.chat());
      var chosen = seen.destination();
      if (chosen.isEmpty() || !pool.contains(chosen.get())) {
        return new Verdict.Failed(
            "one of " + pool, chosen.map(Destination::toString).orElseGet(seen::toString));
      }
    }
    return new Verdict.Passed(PICKS + " picks of the pool");
  }

  static Verdict isInTheHeader(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat());
    return Verdict.of(
        seen.headerEndpoint().isPresent(), "a request header " + Transcript.DESTINATION, seen);
  }

  static Verdict isInTheMetadata(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat());
    return Verdict.of(
        seen.metadataEndpoint().isPresent(),
        "dynamic metadata " + Transcript.METADATA_NAMESPACE + " / " + Transcript.DESTINATION,
        seen);
  }

  static Verdict replacesTheClientsHeader(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat().withHeader(Transcript.DESTINATION, "192.0.2.1:1"));
    var options =
        Transcript.set(seen.requestMutations())
            .filter(option -> Transcript.is(option, Transcript.DESTINATION))
            .toList();
    return Verdict.of(
        !options.isEmpty() && options.stream().allMatch(Choice::overwrites),
        "the header set in a way that overwrites the copy the client sent",
        options.isEmpty() ? seen : options.getFirst().toString().replace('\n', ' ').strip());
  }

  /** As Envoy's ext_proc reads it: nothing said means overwrite, which is not so elsewhere. */
  @SuppressWarnings("deprecation") // Envoy still honours it
  private static boolean overwrites(HeaderValueOption option) {
    return !option.getAppend().getValue()
        && option.getAppendAction() != HeaderAppendAction.ADD_IF_ABSENT;
  }

  static Verdict isAddressAndPort(Gateway gateway) throws InterruptedException {
    var seen = gateway.ask(gateway.chat());
    String value = seen.headerEndpoint().or(seen::metadataEndpoint).orElse("");
    return Verdict.of(
        Destination.isList(value),
        "ip:port, or several joined by commas; IPv6 in brackets",
        "'" + value + "'");
  }

  static Verdict headerAndMetadataAgree(Gateway gateway) throws InterruptedException {
    for (int i = 0; i < PICKS; i++) {
      var seen = gateway.ask(gateway.chat());
      if (!seen.headerEndpoint().equals(seen.metadataEndpoint())) {
        return new Verdict.Failed(
            "the same value in both",
            "header %s, metadata %s"
                .formatted(
                    seen.headerEndpoint().orElse("none"), seen.metadataEndpoint().orElse("none")));
      }
    }
    return new Verdict.Passed(PICKS + " picks, the same value in both");
  }
}
