package dev.rockpool.storage;

import java.util.function.Supplier;

/** The blocks of the snapshots in the pools of this machine. */
public final class PoolSnapshotBlocks implements SnapshotBlocks {
  private final Supplier<Pools> pools;

  /**
   * @param pools gives the pools, or throws UNAVAILABLE while they are being opened
   */
  public PoolSnapshotBlocks(Supplier<Pools> pools) {
    this.pools = pools;
  }

  @Override
  public BlockPage allocated(SnapshotId snapshot, long from) {
    Pools.FoundSnapshot found = image(snapshot);
    return ImageBlocks.allocated(found.pool().layout().image(snapshot), from);
  }

  @Override
  public BlockPage changed(SnapshotId base, SnapshotId target, long from) {
    Pools.FoundSnapshot before = image(base);
    Pools.FoundSnapshot after = image(target);
    if (!before.record().source().equals(after.record().source())) {
      throw StorageException.invalid(
          "base_snapshot_id: snapshot \""
              + base
              + "\" is one of volume \""
              + before.record().source()
              + "\", target_snapshot_id \""
              + target
              + "\" of volume \""
              + after.record().source()
              + "\"");
    }
    requireShared(before.record());
    requireShared(after.record());
    return ImageBlocks.changed(
        before.pool().layout().image(base), after.pool().layout().image(target), from);
  }

  private static void requireShared(SnapshotRecord record) {
    if (record.copiedBytes() > 0) {
      throw StorageException.precondition(
          "snapshot \""
              + record.id()
              + "\" was copied, since its pool's filesystem has no reflinks: what changed is known"
              + " on XFS and btrfs only; back up all that is allocated instead");
    }
  }

  private Pools.FoundSnapshot image(SnapshotId id) {
    Pools.FoundSnapshot found =
        pools
            .get()
            .visibleSnapshot(id)
            .orElseThrow(() -> StorageException.notFound("no snapshot \"" + id + "\""));
    if (!found.record().contents().image()) {
      throw StorageException.invalid(
          "snapshot \"" + id + "\" is one of a directory volume, which has no blocks");
    }
    if (!found.record().ready()) {
      throw StorageException.precondition(
          "snapshot \"" + id + "\" is still being copied, try again");
    }
    return found;
  }
}
