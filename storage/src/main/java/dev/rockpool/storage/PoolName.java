package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * The name of a pool. The same name on several nodes is one class of pool; a StorageClass names it.
 */
public record PoolName(@JsonValue String value) implements Comparable<PoolName> {
  // "pool." and the name must fit into the 63 characters of a topology key's name.
  private static final Pattern LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?");

  public PoolName {
    if (!LABEL.matcher(value).matches()) {
      throw StorageException.invalid(
          "\""
              + Printable.of(value)
              + "\" is not a pool name: a DNS label of at most 40"
              + " characters (lower-case letters, digits, dashes)");
    }
  }

  /**
   * @throws StorageException INVALID if the text can't be a pool's name
   */
  @JsonCreator
  public static PoolName parse(String text) {
    return new PoolName(text);
  }

  @Override
  public int compareTo(PoolName other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
