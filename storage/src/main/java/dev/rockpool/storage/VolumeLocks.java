package dev.rockpool.storage;

/**
 * What keeps two calls of this process from working on one volume.
 *
 * @param changes held by who makes, changes or removes a volume in its pool
 * @param uses held by who begins or ends the use of a volume on this node, or holds it still
 */
public record VolumeLocks(KeyedLocks<VolumeId> changes, KeyedLocks<VolumeId> uses) {
  public VolumeLocks() {
    this(new KeyedLocks<>(), new KeyedLocks<>());
  }
}
