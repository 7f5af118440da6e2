package dev.rockpool.storage;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What every id in a pool looks like: a DNS label of at most 63 characters, so it can be the name
 * of a directory and be put into a path.
 */
final class Label {
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final int HASH_BYTES = 20;

  private Label() {}

  /**
   * The text, if it is a label.
   *
   * @param what such as {@code volume id}
   * @throws StorageException INVALID if it is none
   */
  static String require(String text, String what) {
    if (!LABEL.matcher(text).matches()) {
      throw StorageException.invalid(
          "\""
              + Printable.of(text)
              + "\" is not a "
              + what
              + ": a "
              + what
              + " is a DNS label of at most 63 characters (lower-case letters, digits, dashes)");
    }
    return text;
  }

  /**
   * The label of what has this CSI name: the name itself where it can be one, so that a listing of
   * the pool reads well, else a hash of it. The same name always gives the same label, which makes
   * creation idempotent without an index.
   *
   * @param hashed the prefix of hashes; a name that begins with it is hashed too
   */
  static String ofName(String name, String hashed) {
    boolean plain = LABEL.matcher(name).matches() && !name.startsWith(hashed);
    return plain ? name : hashed + hash(name);
  }

  private static String hash(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
