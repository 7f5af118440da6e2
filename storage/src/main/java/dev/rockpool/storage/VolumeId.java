package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The id of a volume, and the name of its directory in the pool. It is always a DNS label of at
 * most 63 characters, so it can be put into a path: text from outside becomes one only through
 * {@link #parse}.
 */
public record VolumeId(@JsonValue String value) implements Comparable<VolumeId> {
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final String HASHED = "v-";

  public VolumeId {
    if (!LABEL.matcher(value).matches()) {
      throw StorageException.invalid(
          "\""
              + Printable.of(value)
              + "\" is not a volume id: a volume id is a DNS label of at"
              + " most 63 characters (lower-case letters, digits, dashes)");
    }
  }

  /**
   * The id that another party hands in.
   *
   * @throws StorageException INVALID if it can't be the id of a volume
   */
  @JsonCreator
  public static VolumeId parse(String text) {
    return new VolumeId(text);
  }

  /**
   * The id of the volume with this CSI name: the name itself where it can be one, so that a listing
   * of the pool reads well, else a hash of it. The same name always gives the same id, which makes
   * creation idempotent without an index.
   */
  public static VolumeId ofName(String name) {
    boolean plain = LABEL.matcher(name).matches() && !name.startsWith(HASHED);
    return new VolumeId(plain ? name : HASHED + hash(name));
  }

  private static String hash(String name) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 20);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public int compareTo(VolumeId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
