package io.penstock.picker.scrape;

import org.jspecify.annotations.Nullable;

/** Where pages of one endpoint come from. Confined to the endpoint's event loop. */
interface PageSource {

  /** Takes one page; called on the event loop. */
  interface Sink {

    /** A piece of the body; the bytes are only lent. */
    void piece(byte[] bytes, int from, int to);

    /** The end, exactly once per fetch: null when the page is whole. */
    void done(@Nullable ScrapeFailure failure);
  }

  /** Fetches a page; the next fetch may begin in {@link Sink#done}, not earlier. */
  void fetch(String path, int maxBytes, Sink sink);

  /** Ends the running fetch without a word and closes what is open. */
  void close();
}
