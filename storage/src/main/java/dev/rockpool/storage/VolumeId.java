package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * The id of a volume, and the name of its directory in the pool. It is always a DNS label of at
 * most 63 characters, so it can be put into a path: text from outside becomes one only through
 * {@link #parse}.
 */
public record VolumeId(@JsonValue String value) implements Comparable<VolumeId> {
  private static final String HASHED = "v-";

  public VolumeId {
    Label.require(value, "volume id");
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
   * The id of the volume with this CSI name: the name itself where it can be one, else a hash of
   * it; the same name always gives the same id.
   */
  public static VolumeId ofName(String name) {
    return new VolumeId(Label.ofName(name, HASHED));
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
