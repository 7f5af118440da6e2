package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * The id of a node: what its operator calls it, unique among the nodes that share a pool. It names
 * a file in the pool and is the value of a topology segment.
 */
public record NodeId(@JsonValue String value) implements Comparable<NodeId> {
  /** A topology segment's value is at most this long (CSI: NodeGetInfo, accessible_topology). */
  public static final int LONGEST_SEGMENT = 63;

  private static final int LONGEST = 192;
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?");

  public NodeId {
    if (value.length() > LONGEST || !FORM.matcher(value).matches()) {
      throw StorageException.invalid(
          "\""
              + Printable.of(value)
              + "\" is not a node id: letters, digits, and '-', '_', '.'"
              + " between them, at most "
              + LONGEST
              + " characters");
    }
  }

  /**
   * @throws StorageException INVALID if the text can't be a node's id
   */
  @JsonCreator
  public static NodeId parse(String text) {
    return new NodeId(text);
  }

  @Override
  public int compareTo(NodeId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
