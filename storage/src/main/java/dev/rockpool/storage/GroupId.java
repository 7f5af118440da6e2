package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * The id of a group of snapshots, and the name of its directory in the pool. It is always a DNS
 * label of at most 63 characters, so it can be put into a path: text from outside becomes one only
 * through {@link #parse}.
 */
public record GroupId(@JsonValue String value) implements Comparable<GroupId> {
  private static final String HASHED = "g-";

  public GroupId {
    Label.require(value, "group snapshot id");
  }

  /**
   * The id that another party hands in.
   *
   * @throws StorageException INVALID if it can't be the id of a group of snapshots
   */
  @JsonCreator
  public static GroupId parse(String text) {
    return new GroupId(text);
  }

  /**
   * The id of the group with this CSI name: the name itself where it can be one, else a hash of it;
   * the same name always gives the same id.
   */
  public static GroupId ofName(String name) {
    return new GroupId(Label.ofName(name, HASHED));
  }

  @Override
  public int compareTo(GroupId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
