package io.penstock.tools.conform;

import static io.penstock.tools.conform.Requirement.must;
import static io.penstock.tools.conform.Requirement.should;

import java.util.List;

/**
 * Every requirement that is examined, in the order in which it is.
 *
 * <p>Numbers 1 to 15 are those of the endpoint picker protocol (Gateway API Inference Extension,
 * proposal 004) as {@code docs/conformance.md} lists them; number 2 is full-duplex streaming, whose
 * parts are what Envoy enforces of its ext_proc streams. S is what real gateways and pods need
 * beyond both.
 */
public final class Requirements {

  /** All, in order. */
  public static final List<Requirement> ALL =
      List.of(
          must("1", "serves envoy.service.ext_proc.v3.ExternalProcessor", RequestStream::isServed),
          must(
                  "2.1",
                  "request headers: one reply, before those to the body",
                  RequestStream::headersReplyIsFirstAndOnly)
              .needs("1"),
          must(
                  "2.2",
                  "request body: replies carry streamed_response",
                  RequestStream::bodyRepliesAreStreamed)
              .needs("1"),
          must("2.3", "request body: comes back unchanged", RequestStream::bodyIsUnchanged)
              .needs("1"),
          must(
                  "2.4",
                  "request body: end_of_stream on the last reply alone",
                  RequestStream::endIsOnTheLastReply)
              .needs("1", "2.2"),
          must("2.5", "request body: replies of 62000 B at most", RequestStream::repliesAreSmall)
              .needs("1", "2.2"),
          must("2.6", "request trailers end the body", RequestStream::trailersEndTheBody)
              .needs("1", "2.2"),
          must("2.7", "a second end of the request is ignored", RequestStream::secondEndIsIgnored)
              .needs("1", "2.4"),
          must(
                  "2.8",
                  "a request without body is routed by its headers",
                  RequestStream::noBodyIsAnsweredAtOnce)
              .needs("1"),
          must("2.9", "request body: pieces of any size", RequestStream::piecesMayBeAnySize)
              .needs("1"),
          must("2.10", "request body: 2 MiB", RequestStream::largeBodiesPass).needs("1"),
          must(
                  "2.11",
                  "response headers: one reply, before those to the body",
                  AnswerStream::headersReplyIsFirstAndOnly)
              .needs("1"),
          must("2.12", "response body: comes back unchanged", AnswerStream::bodyComesBackWhole)
              .needs("1"),
          must(
                  "2.13",
                  "response trailers are answered after the body",
                  AnswerStream::trailersAreAnsweredLast)
              .needs("1", "2.12"),
          must(
                  "2.14",
                  "a response may begin before the request ends",
                  AnswerStream::mayBeginBeforeTheRequestEnds)
              .needs("1", "2.11", "2.12"),
          must(
                  "2.15",
                  "the stream is completed when the gateway is done",
                  AnswerStream::streamIsCompleted)
              .needs("1"),
          must("2.16", "256 streams at once", ManyStreams::atOnce).needs("1"),
          must(
                  "2.17",
                  "BUFFERED: one reply each, not streamed",
                  BufferedMode::repliesAreNotStreamed)
              .needs("1", "2.11"),
          must(
                  "2.18",
                  "BUFFERED: an endpoint is communicated",
                  BufferedMode::endpointIsCommunicated)
              .needs("1"),
          must("4.1", "the subset hint limits the choice", SubsetHint::limitsChats).needs("1"),
          must(
                  "4.2",
                  "the subset hint limits requests without body",
                  SubsetHint::limitsRequestsWithoutBody)
              .needs("1", "2.8", "4.1"),
          must("4.3", "the subset hint's ports count", SubsetHint::portCounts).needs("1", "4.1"),
          should(
                  "4.4",
                  "the subset hint: an address without port means all its ports",
                  SubsetHint::addressStandsForItsPorts)
              .needs("1", "4.1"),
          should("4.5", "the subset hint: one string with commas", SubsetHint::mayBeOneString)
              .needs("1", "4.1"),
          must("4.6", "the subset hint: IPv6 in brackets", SubsetHint::mayBeIpv6).needs("1", "4.1"),
          must("5.1", "an empty subset: 503", SubsetHint::emptyIs503).needs("1", "4.1"),
          must("5.2", "no eligible endpoint in the subset: 503", SubsetHint::noneEligibleIs503)
              .needs("1", "4.1"),
          must("5.3", "both without body: 503", SubsetHint::withoutBodyIs503)
              .needs("1", "2.8", "4.2", "5.1", "5.2"),
          must("6", "without a hint, the endpoint is of the pool", Choice::isOfThePool).needs("1"),
          must("7.1", "the endpoint is in the header", Choice::isInTheHeader).needs("1"),
          must("7.2", "the endpoint is in the metadata", Choice::isInTheMetadata).needs("1"),
          must("7.3", "a client's copy of the header is replaced", Choice::replacesTheClientsHeader)
              .needs("1", "7.1"),
          must("8", "the endpoint is ip:port, or a list of them", Choice::isAddressAndPort)
              .needs("1"),
          must("9", "header and metadata agree", Choice::headerAndMetadataAgree)
              .needs("1", "7.1", "7.2"),
          must("12.1", "malformed bodies end no stream with an error", Refusal::isNeverAGrpcError)
              .needs("1"),
          must("12.2", "no ready endpoint: 503", Refusal::withoutEndpointsIs503).needs("1", "2.8"),
          should("12.3", "a refusal says why in JSON", Refusal::saysWhyInJson).needs("1", "5.1"),
          must("15.1", "health of 'liveness'", Health::ofLiveness),
          must("15.2", "health of 'readiness'", Health::ofReadiness),
          must("15.3", "health of the ext_proc service", Health::ofTheService),
          should("15.4", "health of '' and 'inference-extension'", Health::ofTheNamesInUse),
          should("S.1", "request headers: only changes are set", Mutations::ofRequestsAreNeeded)
              .needs("1"),
          should("S.2", "response headers: only changes are set", Mutations::ofResponsesAreNeeded)
              .needs("1"),
          should(
                  "S.3",
                  "content-length is set for a changed body only",
                  Mutations::leaveContentLengthAlone)
              .needs("1", "2.3"),
          should("S.4", "control headers of a client are removed", Mutations::removeControlHeaders)
              .needs("1"),
          should(
                  "S.5",
                  "unknown paths and other bodies than JSON are routed",
                  Mutations::areNotNeededToRoute)
              .needs("1"),
          // last: a picker that fails here may not answer any more
          must("2.19", "gateways may leave half-way", ManyStreams::leftHalfWay).needs("1"));

  private Requirements() {}
}
