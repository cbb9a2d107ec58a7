package io.penstock.tools.conform;

import java.util.Arrays;

/** What a {@link ReferencePicker} can be made to do wrong: one fault for each requirement. */
enum Fault {
  SERVICE_MISSING("1"),
  BODY_REPLY_FIRST("2.1"),
  BODY_REPLY_NOT_STREAMED("2.2"),
  BODY_GARBLED("2.3"),
  BODY_WITHOUT_END("2.4"),
  BODY_IN_ONE_REPLY("2.5"),
  TRAILERS_IGNORED("2.6"),
  SECOND_END_ANSWERED("2.7"),
  NO_BODY_WAITED_FOR("2.8"),
  EMPTY_END_OVERLOOKED("2.9"),
  LARGE_BODY_REFUSED("2.10"),
  ANSWER_HEADERS_TWICE("2.11"),
  ANSWER_PIECE_LOST("2.12"),
  ANSWER_TRAILERS_IGNORED("2.13"),
  EARLY_ANSWER_REFUSED("2.14"),
  STREAM_LEFT_OPEN("2.15"),
  FEW_STREAMS("2.16"),
  BUFFERED_STREAMED("2.17"),
  BUFFERED_WITHOUT_ENDPOINT("2.18"),
  LEFT_STREAMS_COUNTED_FOREVER("2.19"),
  HINT_IGNORED("4.1"),
  HINT_IGNORED_WITHOUT_BODY("4.2"),
  HINT_PORTS_IGNORED("4.3"),
  HINT_ADDRESSES_UNKNOWN("4.4"),
  HINT_STRING_IGNORED("4.5"),
  HINT_IPV6_UNKNOWN("4.6"),
  EMPTY_HINT_MEANS_ALL("5.1"),
  STRANGERS_MEAN_ALL("5.2"),
  WITHOUT_BODY_500("5.3"),
  STRANGER_CHOSEN("6"),
  NO_HEADER("7.1"),
  NO_METADATA("7.2"),
  HEADER_APPENDED("7.3"),
  NOT_AN_ADDRESS("8"),
  HEADER_AND_METADATA_DIFFER("9"),
  MALFORMED_IS_AN_ERROR("12.1"),
  EMPTY_POOL_IS_AN_ERROR("12.2"),
  REFUSAL_IN_PLAIN_TEXT("12.3"),
  NOT_LIVE("15.1"),
  NOT_READY("15.2"),
  SERVICE_NOT_SERVING("15.3"),
  NAMES_IN_USE_UNKNOWN("15.4"),
  REQUEST_HEADERS_ECHOED("S.1"),
  ANSWER_HEADERS_ECHOED("S.2"),
  CONTENT_LENGTH_SET("S.3"),
  CONTROL_HEADERS_KEPT("S.4"),
  UNKNOWN_PATHS_REFUSED("S.5");

  /** The requirement that is not met, and no other. */
  final String requirement;

  Fault(String requirement) {
    this.requirement = requirement;
  }

  static Fault of(String requirement) {
    return Arrays.stream(values())
        .filter(fault -> fault.requirement.equals(requirement))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no fault shows requirement " + requirement));
  }
}
