package io.penstock.proxy.openai;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.YamlMapping;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the key file: a YAML list of entries.
 *
 * <pre>
 * - name: ci              # for logs
 *   salt: "9f86d0…"       # hex, at least 16 characters
 *   sha256: "2c26b4…"     # hex of SHA-256(salt bytes, key bytes), key: up to 512 characters
 *   models: [tiny, "lora-*"]          # optional; absent: all
 *   expires: 2027-01-01T00:00:00Z     # optional
 * </pre>
 */
final class KeyFile {

  static final int MAX_ENTRIES = 10_000;

  private static final List<String> MEMBERS =
      List.of("name", "salt", "sha256", "models", "expires");

  private KeyFile() {}

  /** The entries; none when anything is wrong. Messages never hold a salt or a hash. */
  static List<ApiKey> parse(String file, String text, List<ConfigError> errors) {
    int before = errors.size();
    var mappings = YamlMapping.parseList(file, text, errors);
    if (mappings.size() > MAX_ENTRIES) {
      errors.add(
          ConfigError.of(file, "", mappings.size() + " entries, allowed: up to " + MAX_ENTRIES));
    }
    List<ApiKey> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (var mapping : mappings) {
      var entry = entry(mapping);
      if (entry != null) {
        if (!names.add(entry.name())) {
          mapping.error("name", "'" + entry.name() + "' is the name of an entry above");
        }
        entries.add(entry);
      }
    }
    return errors.size() == before ? entries : List.of();
  }

  private static @Nullable ApiKey entry(YamlMapping mapping) {
    mapping.refuseAllBut(MEMBERS);
    var name = mapping.text("name");
    if (name == null || name.isBlank()) {
      mapping.error("name", "is missing: every entry has a name for the logs");
    }
    byte[] salt = hex(mapping, "salt", 8, 64);
    byte[] sha256 = hex(mapping, "sha256", 32, 32);
    var expires = expires(mapping);
    var models = mapping.texts("models");
    if (mapping.has("models") && models.isEmpty()) {
      mapping.error("models", "is empty; leave it out to allow all, or list names");
    }
    return name == null || salt == null || sha256 == null
        ? null
        : new ApiKey(name, salt, sha256, models, expires);
  }

  private static byte @Nullable [] hex(YamlMapping mapping, String key, int least, int most) {
    var text = mapping.text(key);
    var allowed =
        "hexadecimal, "
            + (least == most ? 2 * least : 2 * least + " to " + 2 * most)
            + " characters";
    if (text == null) {
      if (!mapping.has(key)) {
        mapping.error(key, "is missing: " + allowed);
      }
      return null;
    }
    try {
      byte[] bytes = HexFormat.of().parseHex(text);
      if (bytes.length >= least && bytes.length <= most) {
        return bytes;
      }
    } catch (IllegalArgumentException e) {
      // told below; the text is left out, it may be a key pasted in the wrong place
    }
    mapping.error(key, "must be " + allowed);
    return null;
  }

  private static @Nullable Instant expires(YamlMapping mapping) {
    var text = mapping.text("expires");
    if (text == null) {
      return null;
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      mapping.error("expires", "'" + text + "' is no time such as 2027-01-01T00:00:00Z");
      return Instant.EPOCH;
    }
  }
}
