package io.penstock.simulator.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * The simulated model's tokenizer: text to token ids and back, without loss.
 *
 * <p>Stateless; encoding is one pass over the UTF-8 bytes. A token is the longest of these that
 * fits, from left to right:
 *
 * <ul>
 *   <li>a special token, such as {@code </s>} or {@code <|user|>};
 *   <li>a piece of a word: a letter of either case, then up to two small letters, with the space
 *       before it if there is one; ASCII only;
 *   <li>a run of up to three digits;
 *   <li>a single byte.
 * </ul>
 *
 * <p>So English text has about three characters to a token, and a special token is a boundary that
 * no other token crosses.
 *
 * <p>Ids: 0 to 7 special tokens, then 256 bytes, then the numbers, then the pieces in the four
 * forms small, capital, space and small, space and capital.
 */
public final class Tokenizer {

  /** Ends a message or an answer. */
  public static final int EOS = 2;

  private static final List<String> SPECIAL =
      List.of(
          "<unk>",
          "<s>",
          "</s>",
          "<|user|>",
          "<|assistant|>",
          "<|system|>",
          "<|tool|>",
          "<|developer|>");
  private static final byte[][] SPECIAL_BYTES =
      SPECIAL.stream()
          .map(special -> special.getBytes(StandardCharsets.UTF_8))
          .toArray(byte[][]::new);

  static final int FIRST_BYTE = SPECIAL.size();
  static final int FIRST_NUMBER = FIRST_BYTE + 256;
  static final int FIRST_PIECE = FIRST_NUMBER + 10 + 100 + 1000;

  /** Letter runs of length 1 to 3. */
  static final int PIECES = 26 + 26 * 26 + 26 * 26 * 26;

  private static final int CAPITAL = 1;
  private static final int SPACE = 2;
  private static final int VOCABULARY = FIRST_PIECE + 4 * PIECES;

  private Tokenizer() {}

  /** Number of token ids; valid ids are below it. */
  public static int vocabularySize() {
    return VOCABULARY;
  }

  /** The tokens of a text; special tokens spelled out in it are special tokens. */
  public static int[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length / 2 + 4];
    int count = 0;
    for (int at = 0; at < bytes.length; count++) {
      if (count == tokens.length) {
        tokens = Arrays.copyOf(tokens, count * 2);
      }
      int token = next(bytes, at);
      tokens[count] = token;
      at += lengthOf(token);
    }
    return Arrays.copyOf(tokens, count);
  }

  /** The text of tokens, special ones spelled out; bytes that are no UTF-8 are replaced. */
  public static String decode(int[] tokens) {
    var bytes = new ByteArrayOutputStream(tokens.length * 4);
    for (int token : tokens) {
      write(token, bytes);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** The text of one token, special ones spelled out. */
  public static String decode(int token) {
    return decode(new int[] {token});
  }

  /** Whether the token has no text of its own in an answer. */
  public static boolean isSpecial(int token) {
    return token < FIRST_BYTE;
  }

  /** One token as byte-level vocabularies write it: a space is {@code Ġ}. */
  public static String tokenString(int token) {
    if (isSpecial(token)) {
      return SPECIAL.get(token);
    }
    var bytes = new ByteArrayOutputStream(4);
    write(token, bytes);
    var text = new StringBuilder(4);
    for (byte b : bytes.toByteArray()) {
      text.append(printable(b & 0xFF));
    }
    return text.toString();
  }

  private static int next(byte[] bytes, int at) {
    byte first = bytes[at];
    if (first == '<') {
      for (int id = 0; id < SPECIAL_BYTES.length; id++) {
        byte[] special = SPECIAL_BYTES[id];
        if (startsWith(bytes, at, special)) {
          return id;
        }
      }
    }
    if (isDigit(first)) {
      return number(bytes, at);
    }
    int form = 0;
    int from = at;
    if (first == ' ' && at + 1 < bytes.length) {
      form = SPACE;
      from++;
    }
    byte letter = bytes[from];
    if (letter >= 'A' && letter <= 'Z') {
      return piece(form | CAPITAL, letter - 'A', bytes, from + 1);
    }
    if (isSmall(letter)) {
      return piece(form, letter - 'a', bytes, from + 1);
    }
    return FIRST_BYTE + (first & 0xFF);
  }

  private static int number(byte[] bytes, int at) {
    int value = 0;
    int base = 0;
    int range = 1;
    for (int i = at; i < at + 3 && i < bytes.length && isDigit(bytes[i]); i++) {
      value = value * 10 + bytes[i] - '0';
      base += range == 1 ? 0 : range;
      range *= 10;
    }
    return FIRST_NUMBER + base + value;
  }

  private static int piece(int form, int firstLetter, byte[] bytes, int rest) {
    int value = firstLetter;
    int base = 0;
    int range = 26;
    for (int i = rest; i < rest + 2 && i < bytes.length && isSmall(bytes[i]); i++) {
      value = value * 26 + bytes[i] - 'a';
      base += range;
      range *= 26;
    }
    return FIRST_PIECE + form * PIECES + base + value;
  }

  /** Id of the piece of small letters {@code value}, counted through lengths 1 to 3. */
  static int smallPiece(boolean space, int value) {
    return FIRST_PIECE + (space ? SPACE * PIECES : 0) + value;
  }

  /** Id of a byte's token. */
  static int byteToken(char ascii) {
    return FIRST_BYTE + ascii;
  }

  /** Whether the token is a piece of three letters, the only one a word can go on behind. */
  static boolean isFullPiece(int token) {
    return token >= FIRST_PIECE && (token - FIRST_PIECE) % PIECES >= 26 + 26 * 26;
  }

  private static int lengthOf(int token) {
    if (token < FIRST_BYTE) {
      return SPECIAL_BYTES[token].length;
    }
    if (token < FIRST_NUMBER) {
      return 1;
    }
    if (token < FIRST_PIECE) {
      return digits(token - FIRST_NUMBER);
    }
    int form = (token - FIRST_PIECE) / PIECES;
    return letters((token - FIRST_PIECE) % PIECES) + (form & SPACE) / SPACE;
  }

  private static void write(int token, ByteArrayOutputStream out) {
    if (token < 0 || token >= VOCABULARY) {
      throw new IllegalArgumentException("Token id " + token + " is out of vocabulary");
    }
    if (token < FIRST_BYTE) {
      out.writeBytes(SPECIAL_BYTES[token]);
    } else if (token < FIRST_NUMBER) {
      out.write(token - FIRST_BYTE);
    } else if (token < FIRST_PIECE) {
      writeNumber(token - FIRST_NUMBER, out);
    } else {
      writePiece(token - FIRST_PIECE, out);
    }
  }

  private static void writeNumber(int index, ByteArrayOutputStream out) {
    int digits = digits(index);
    int value = index - (digits == 1 ? 0 : digits == 2 ? 10 : 110);
    for (int range = digits == 1 ? 1 : digits == 2 ? 10 : 100; range > 0; range /= 10) {
      out.write('0' + value / range % 10);
    }
  }

  private static void writePiece(int index, ByteArrayOutputStream out) {
    int form = index / PIECES;
    int letters = letters(index % PIECES);
    int value = index % PIECES - (letters == 1 ? 0 : letters == 2 ? 26 : 26 + 26 * 26);
    if ((form & SPACE) != 0) {
      out.write(' ');
    }
    int range = letters == 1 ? 1 : letters == 2 ? 26 : 26 * 26;
    char first = (form & CAPITAL) != 0 ? 'A' : 'a';
    out.write(first + value / range);
    for (range /= 26; range > 0; range /= 26) {
      out.write('a' + value / range % 26);
    }
  }

  private static int digits(int index) {
    return index < 10 ? 1 : index < 110 ? 2 : 3;
  }

  private static int letters(int value) {
    return value < 26 ? 1 : value < 26 + 26 * 26 ? 2 : 3;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  private static boolean isSmall(byte b) {
    return b >= 'a' && b <= 'z';
  }

  private static boolean startsWith(byte[] bytes, int at, byte[] prefix) {
    return bytes.length - at >= prefix.length
        && Arrays.equals(bytes, at, at + prefix.length, prefix, 0, prefix.length);
  }

  /** The character that stands for a byte: itself where it can be seen, else one above 255. */
  private static char printable(int b) {
    if (b <= 0x20) {
      return (char) (0x100 + b);
    }
    if (b >= 0x7F && b <= 0xA0) {
      return (char) (0x121 + b - 0x7F);
    }
    return b == 0xAD ? (char) 0x143 : (char) b;
  }
}
