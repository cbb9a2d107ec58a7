package io.penstock.picker.request;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Media that a content part of a message may hold. The token costs are rough, of the order of what
 * common vision and audio models make of one item: good enough to tell a picture from a novel.
 */
enum MediaKind {
  IMAGE(1_000),
  AUDIO(750),
  VIDEO(4_000);

  private static final byte[][] NAMES = {
    utf8("image_url"),
    utf8("image_embeds"),
    utf8("source"),
    utf8("input_audio"),
    utf8("audio_url"),
    utf8("video_url")
  };
  private static final MediaKind[] KINDS = {IMAGE, IMAGE, IMAGE, AUDIO, AUDIO, VIDEO};

  private final int tokens;

  MediaKind(int tokens) {
    this.tokens = tokens;
  }

  /** Estimated prompt tokens of one item. */
  int tokens() {
    return tokens;
  }

  /** What the member of that name in a content part holds, or null if it is no medium. */
  static @Nullable MediaKind ofPartMember(byte[] name, int from, int to) {
    for (int i = 0; i < NAMES.length; i++) {
      if (Arrays.equals(NAMES[i], 0, NAMES[i].length, name, from, to)) {
        return KINDS[i];
      }
    }
    return null;
  }

  private static byte[] utf8(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }
}
