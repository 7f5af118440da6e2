package dev.rockpool.storage;

import java.util.function.BooleanSupplier;

/** The records of a pool's groups of snapshots; what they take, their members take. */
final class GroupStore extends RecordStore<GroupId, GroupRecord> {
  /**
   * @param there whether the pool is where it was: while it is not mounted, records are not missing
   */
  GroupStore(PoolLayout layout, BooleanSupplier there) {
    super(
        new Kind<>(
            "group",
            layout.groups(),
            "group.json",
            GroupId::parse,
            GroupRecord.class,
            GroupRecord.FORMAT_VERSION,
            GroupRecord::id,
            _ -> 0),
        there);
  }
}
