package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * The id of a snapshot, and the name of its directory in the pool. It is always a DNS label of at
 * most 63 characters, so it can be put into a path: text from outside becomes one only through
 * {@link #parse}.
 */
public record SnapshotId(@JsonValue String value) implements Comparable<SnapshotId> {
  private static final String HASHED = "s-";

  public SnapshotId {
    Label.require(value, "snapshot id");
  }

  /**
   * The id that another party hands in.
   *
   * @throws StorageException INVALID if it can't be the id of a snapshot
   */
  @JsonCreator
  public static SnapshotId parse(String text) {
    return new SnapshotId(text);
  }

  /**
   * The id of the snapshot with this CSI name: the name itself where it can be one, else a hash of
   * it; the same name always gives the same id.
   */
  public static SnapshotId ofName(String name) {
    return new SnapshotId(Label.ofName(name, HASHED));
  }

  @Override
  public int compareTo(SnapshotId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
