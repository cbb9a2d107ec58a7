package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/**
 * Turns the values of the prompt members into a stream of bytes to hash and to count.
 *
 * <p>The stream of a string is its raw contents, so that {@code "a"} and {@code ["a"]} are the same
 * prompt. The stream of an array is that of its elements one after the other, without brackets and
 * the white space between them: raw bytes of objects and strings with a comma in front of each but
 * the first (so that a longer list extends the stream of a shorter one), and each token id as four
 * bytes however it is written. Lists of prompts are taken as one long prompt.
 *
 * <p>Media in content parts are hashed like everything else, but count as their estimated tokens
 * instead of their bytes, up to some millions.
 *
 * <p>Confined to one event loop; {@link #reset} makes it ready for another body.
 */
final class PromptReader {

  private static final byte SEPARATOR = ',';
  private static final int LIST_SEPARATOR = -1;

  /** Deepest array whose elements are items: a list of token lists. */
  private static final int DEEPEST_LIST = 2;

  /** What media count for at most: a thousand videos. */
  private static final int MOST_MEDIA_TOKENS = 4_000_000;

  /** Open containers around a part's members: body, messages, message, content, part. */
  private static final int PART_DEPTH = 5;

  /** The same for parts inside a part, such as the contents of a tool's result. */
  private static final int INNER_PART_DEPTH = 7;

  private final HashedRegion region;
  private BlockChain chain;
  private int itemDepth;

  private int tokenIds;
  private boolean otherItems;

  private @Nullable MediaKind mediaAhead;
  private @Nullable MediaKind media;
  private int mediaDepth;
  private int mediaStart;
  private int mediaBytes;
  private int mediaTokens;

  PromptReader(HashedRegion region, BlockChain chain) {
    this.region = region;
    this.chain = chain;
  }

  void reset() {
    tokenIds = 0;
    otherItems = false;
    mediaAhead = null;
    media = null;
    mediaBytes = 0;
    mediaTokens = 0;
  }

  /** The value of a prompt member comes next; its bytes go into {@code target}. */
  void begin(BlockChain target) {
    chain = target;
  }

  /** Whether a name inside the innermost of {@code depth} containers may announce media. */
  boolean wantsName(int depth) {
    return media == null
        && (depth == PART_DEPTH || depth == INNER_PART_DEPTH)
        && region.isOpen()
        && itemDepth < PART_DEPTH;
  }

  void name(byte[] bytes, int from, int to) {
    mediaAhead = MediaKind.ofPartMember(bytes, from, to);
  }

  /** A value begins that is the member's, or inside it. */
  void valueStart(JsonType type, int depth, int at) {
    if (region.isOpen()) {
      if (mediaAhead != null) {
        beginMedia(mediaAhead, type, depth, at);
      }
      return;
    }
    boolean list = type == JsonType.ARRAY && depth <= DEEPEST_LIST;
    if (list) {
      if (depth > 1 && chain.length() > 0) {
        chain.putInt(LIST_SEPARATOR);
      }
    } else if (type != JsonType.NUMBER && (type != JsonType.NULL || depth > 1)) {
      beginItem(type, depth, at);
    }
  }

  void valueEnd(JsonType type, int depth, int end, JsonNumber number) {
    if (region.isOpen()) {
      if (media != null && depth == mediaDepth) {
        mediaBytes += end - mediaStart;
        mediaTokens = Math.min(MOST_MEDIA_TOKENS, mediaTokens + media.tokens());
        media = null;
      }
      if (depth == itemDepth) {
        region.close(type == JsonType.STRING ? end - 1 : end);
      }
    } else if (type == JsonType.NUMBER) {
      tokenId((int) number.value());
    }
  }

  /** Whether the array that just began is a list of items. */
  boolean wantsIntegers() {
    return !region.isOpen();
  }

  void tokenId(int id) {
    tokenIds++;
    chain.putInt(id);
  }

  private void beginItem(JsonType type, int depth, int at) {
    if (chain.length() > 0) {
      chain.put(SEPARATOR);
    }
    otherItems = true;
    itemDepth = depth;
    region.open(chain, type == JsonType.STRING ? at + 1 : at);
  }

  private void beginMedia(MediaKind kind, JsonType type, int depth, int at) {
    mediaAhead = null;
    if (type != JsonType.NULL) {
      media = kind;
      mediaDepth = depth;
      mediaStart = at;
    }
  }

  /** Number of prompt tokens if all of the prompt is token ids, otherwise -1. */
  int tokenIds() {
    return tokenIds > 0 && !otherItems ? tokenIds : -1;
  }

  /** Bytes hashed that are media. */
  int mediaBytes() {
    return mediaBytes;
  }

  int mediaTokens() {
    return mediaTokens;
  }
}
