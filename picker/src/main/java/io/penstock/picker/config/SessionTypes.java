package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.ignored;
import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;

import io.penstock.picker.schedule.plugins.SessionAffinity;
import io.penstock.picker.schedule.plugins.SessionId;
import io.penstock.picker.schedule.plugins.TokenAffinity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the two session-affinity plugins have in common. Stateless. */
final class SessionTypes {

  private static final String TOKEN = "encoded_endpoint_header";
  private static final String TOKEN_HEADER = "x-session-token";
  private static final String BY_ID = "session_id";

  private static final List<Parameter> CONFIG =
      List.of(
          optional(
              "sources",
              new Shape.Groups(
                  List.of(
                      optional("header", new Shape.Header(), "the header that holds the id"),
                      optional("attribute", Shape.oneOf("SessionID"), "an id that is produced"),
                      usual(
                          "producer",
                          new Shape.Ref(ProducerTypes.SESSION_ID),
                          "",
                          "what produces it"))),
              "where the id may be, the first that a request has counts"),
          usual("evictionTtlSeconds", new Shape.Whole(1, 1_000_000), "300", "life of a binding"),
          ignored("evictionSweepSeconds", "a binding that is too old is found when it is read"));

  private SessionTypes() {}

  static Parameter[] parameters() {
    return new Parameter[] {
      required(
          "strategy",
          Shape.oneOf(TOKEN, BY_ID),
          "who remembers: the client, by a header of answers that it sends back, or the gateway"),
      optional(
          "encodedEndpointHeaderConfig",
          new Shape.Group(
              List.of(
                  usual("header", new Shape.Header(), TOKEN_HEADER, "of answers and requests"))),
          "of the strategy " + TOKEN),
      optional("sessionIdConfig", new Shape.Group(CONFIG), "of the strategy session_id"),
      ignored("profileName", "what the profile that holds the plugin picked is remembered"),
    };
  }

  /** A filter that is a scorer too. */
  static Object make(String type, Values values, Parts parts) {
    if (values.text("strategy").equals(TOKEN)) {
      var given = values.group("encodedEndpointHeaderConfig");
      var header = given == null ? TOKEN_HEADER : given.text("header");
      return new TokenAffinity(type, header.toLowerCase(Locale.ROOT));
    }
    var config = values.group("sessionIdConfig");
    List<SessionId> sources = new ArrayList<>();
    if (config != null) {
      for (var source : config.groups("sources")) {
        sources.add(source(source, parts));
      }
    }
    return new SessionAffinity(
        type, sources, config == null ? 300 : config.whole("evictionTtlSeconds"));
  }

  private static SessionId source(Values source, Parts parts) {
    var header = source.optionalText("header");
    return header != null
        ? new SessionId(header.toLowerCase(Locale.ROOT), null)
        : ofProducer(parts.producer(ProducerTypes.SESSION_ID, source.text("producer")));
  }

  private static SessionId ofProducer(Values producer) {
    var header = producer.optionalText("headerName");
    @Nullable String cookie = producer.optionalText("cookieName");
    return header != null
        ? new SessionId(header.toLowerCase(Locale.ROOT), null)
        : new SessionId("cookie", cookie);
  }

  /** What is wrong with the parameters together; empty where nothing is. */
  static String complaint(Values values, boolean hasProducer) {
    if (values.text("strategy").equals(TOKEN)) {
      return values.has("sessionIdConfig") ? "sessionIdConfig is of the strategy " + BY_ID : "";
    }
    if (values.has("encodedEndpointHeaderConfig")) {
      return "encodedEndpointHeaderConfig is of the strategy " + TOKEN;
    }
    var config = values.group("sessionIdConfig");
    var sources = config == null ? List.<Values>of() : config.groups("sources");
    if (sources.isEmpty()) {
      return "needs sessionIdConfig.sources: where a request says which session it belongs to";
    }
    for (var source : sources) {
      if (source.has("header") == source.has("attribute")) {
        return "each of sessionIdConfig.sources has a header or an attribute";
      }
      if (source.has("attribute") && !hasProducer) {
        return "attribute SessionID has no producer: name a plugin of type "
            + ProducerTypes.SESSION_ID;
      }
    }
    return "";
  }
}
