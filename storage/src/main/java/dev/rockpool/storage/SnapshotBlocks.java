package dev.rockpool.storage;

/**
 * Which blocks of snapshots hold data, and which differ between two of them (CSI:
 * SnapshotMetadata).
 *
 * <p>It is answered page by page. Nothing is held from one page to the next, so a caller may take
 * its time, stop wherever it likes, and begin anew at any offset: the pages cover the same bytes
 * whatever the offsets they were asked for by. What a page costs does not depend on bytes, but on
 * extents, of which it tells a bounded number.
 *
 * <p>What no range covers is certain: zeros, or the same bytes in both. What a range covers may be
 * zeros or the same bytes all the same.
 */
public interface SnapshotBlocks {

  /**
   * Ranges of the snapshot that hold data; the rest reads as zeros.
   *
   * @param from offset in bytes; a range that holds it is given from there on
   * @throws StorageException NOT_FOUND; OUT_OF_RANGE if the offset is negative or exceeds the
   *     capacity; INVALID if it is the snapshot of a directory
   */
  BlockPage allocated(SnapshotId snapshot, long from);

  /**
   * Ranges of the target whose bytes may differ from the base's. Where the base is shorter it
   * counts as zeros there, so that a volume that has grown has changed where it was written; that
   * is what its reader finds who restores the base into a volume of the target's capacity. Where
   * the target is shorter nothing is told of what it lost.
   *
   * @param from offset in bytes; a range that holds it is given from there on
   * @throws StorageException NOT_FOUND; OUT_OF_RANGE if the offset is negative or exceeds the
   *     target's capacity; INVALID if they are not snapshots of one volume, or those of a
   *     directory; PRECONDITION if their filesystem does not tell what they share
   */
  BlockPage changed(SnapshotId base, SnapshotId target, long from);
}
