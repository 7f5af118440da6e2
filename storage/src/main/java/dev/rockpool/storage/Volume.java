package dev.rockpool.storage;

/**
 * A volume, and where it is.
 *
 * @param record the truth about it
 * @param pool the pool that holds it
 * @param topology from where it can be used
 */
public record Volume(VolumeRecord record, PoolName pool, Topology topology) {
  public VolumeId id() {
    return record.id();
  }
}
