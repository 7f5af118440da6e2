package dev.rockpool.storage;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Whose content a new volume begins with. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = VolumeSource.OfSnapshot.class, name = "snapshot"),
  @JsonSubTypes.Type(value = VolumeSource.OfVolume.class, name = "volume")
})
public sealed interface VolumeSource {
  /** A snapshot's: the volume is restored from it. */
  record OfSnapshot(SnapshotId id) implements VolumeSource {
    @Override
    public String toString() {
      return "snapshot \"" + id + "\"";
    }
  }

  /** Another volume's as it is now: the volume is its clone. */
  record OfVolume(VolumeId id) implements VolumeSource {
    @Override
    public String toString() {
      return "volume \"" + id + "\"";
    }
  }
}
