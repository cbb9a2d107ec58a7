package io.penstock.proxy.exchange;

import io.netty.handler.codec.http.HttpHeaders;
import io.penstock.picker.schedule.RequestHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Head of a client's request, the same for both protocol versions.
 *
 * @param method as sent
 * @param uri path and query as sent
 * @param headers fields without pseudo fields
 * @param contentLength declared length of the body in bytes, -1 when none was declared
 */
public record RequestHead(String method, String uri, HttpHeaders headers, long contentLength)
    implements RequestHeaders {

  @Override
  public @Nullable String value(String name) {
    return headers.get(name);
  }
}
