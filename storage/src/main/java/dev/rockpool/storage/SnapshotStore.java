package dev.rockpool.storage;

import java.util.function.BooleanSupplier;

/** The records of a pool's snapshots. */
final class SnapshotStore extends RecordStore<SnapshotId, SnapshotRecord> {
  /**
   * @param there whether the pool is where it was: while it is not mounted, records are not missing
   */
  SnapshotStore(PoolLayout layout, BooleanSupplier there) {
    super(
        new Kind<>(
            "snapshot",
            layout.snapshots(),
            "snapshot.json",
            SnapshotId::parse,
            SnapshotRecord.class,
            SnapshotRecord.FORMAT_VERSION,
            SnapshotRecord::id,
            SnapshotRecord::promisedBytes),
        there);
  }
}
