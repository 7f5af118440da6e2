package dev.rockpool.storage;

/**
 * A snapshot, and where it is.
 *
 * @param record the truth about it
 * @param pool the pool that holds it
 * @param topology from where volumes can be made of it
 */
public record Snapshot(SnapshotRecord record, PoolName pool, Topology topology) {
  public SnapshotId id() {
    return record.id();
  }
}
