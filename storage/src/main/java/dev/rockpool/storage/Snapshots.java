package dev.rockpool.storage;

import java.util.List;
import java.util.Optional;

/**
 * The snapshots of volumes, wherever they are: {@link PoolSnapshots} has them in the pools of this
 * machine. A snapshot has the content that its source had at one moment, and depends on nothing:
 * its source may change or go, and so may the volumes that are made of it.
 *
 * <p>Every call is idempotent, and may be repeated after any failure. While one call works on a
 * volume, a snapshot or a group, another call on the same one fails with BUSY at once. Every call
 * can fail with UNAVAILABLE while pools can't be read.
 */
public interface Snapshots {

  /**
   * Takes a snapshot of the volume, or finds the one of that name. Where the pool's filesystem
   * can't share blocks it is copied: it is there at once, but not ready until that has ended.
   *
   * @param name the caller's name for it; the same name is the same snapshot
   * @throws StorageException NOT_FOUND if there is no such volume; ALREADY_EXISTS if the name is
   *     that of a snapshot of another volume; PRECONDITION if the volume is in use in a way in
   *     which it can't be held still; EXHAUSTED if the pool can't promise the space
   */
  default Snapshot create(String name, VolumeId source) {
    return create(name, source, Optional.empty());
  }

  /**
   * As {@link #create(String, VolumeId)}.
   *
   * @param requestedBy for whom, where that is known; the same snapshot whoever it is
   */
  Snapshot create(String name, VolumeId source, Optional<Requester> requestedBy);

  /**
   * Removes the snapshot. One that does not exist is removed already.
   *
   * @throws StorageException INVALID if it is a member of a group; PRECONDITION while a volume is
   *     being made of it by copying
   */
  void delete(SnapshotId id);

  /** The snapshot with this id, ready or not, if its moment is held. */
  Optional<Snapshot> find(SnapshotId id);

  /**
   * Snapshots in the order of their ids, ready or not, whose moment is held.
   *
   * @param after the id after which to begin; empty = from the first one
   * @param most how many at most
   * @param source only those of this volume; empty = all
   */
  List<Snapshot> list(Optional<SnapshotId> after, int most, Optional<VolumeId> source);

  /**
   * Takes snapshots of several volumes in one moment, or finds the group of that name.
   *
   * @param sources at least one, each once
   * @throws StorageException NOT_FOUND if there is no such volume; ALREADY_EXISTS if the name is
   *     that of a group of other volumes; PRECONDITION if they can't be held still together;
   *     EXHAUSTED if a pool can't promise the space. Whatever fails, no member is left.
   */
  SnapshotGroup createGroup(String name, List<VolumeId> sources);

  /** Removes the group and its members. One that does not exist is removed already. */
  void deleteGroup(GroupId id);

  /** The group with this id, if it is ready. */
  Optional<SnapshotGroup> findGroup(GroupId id);
}
