package dev.rockpool.storage;

import java.io.IOException;
import java.nio.file.Path;

/** Where everything is in a pool's directory. Only checked names are put into a path. */
record PoolLayout(Path root) {
  /** The file of an image, in the directory of a volume or snapshot. */
  static final String IMAGE = "disk.img";

  /** What a directory volume shows, or its snapshot holds. */
  static final String DATA = "data";

  static final String MOUNT_POINT = "mnt";
  static final String RECORD_LOCK = "record.lock";
  static final String USE_LOCK = "use.lock";
  static final String GROW_LOCK = "grow.lock";

  /**
   * Where that pool is, symlinks resolved.
   *
   * @throws StorageException UNAVAILABLE if its directory can't be read
   */
  static PoolLayout of(PoolSpec spec) {
    try {
      return new PoolLayout(spec.directory().toRealPath());
    } catch (IOException e) {
      throw unreadable(spec, e);
    }
  }

  static StorageException unreadable(PoolSpec spec, IOException e) {
    return new StorageException(
        StorageException.Reason.UNAVAILABLE,
        "pool \"" + spec.name() + "\" can't be read: " + e.getMessage(),
        e);
  }

  /** What holds such contents is called so, in its directory. */
  static String nameOf(Contents contents) {
    return contents.image() ? IMAGE : DATA;
  }

  Path poolRecord() {
    return root.resolve("pool.json");
  }

  /** Held by the one process that has a local pool open. */
  Path poolLock() {
    return root.resolve("pool.lock");
  }

  /** Takes room that is given up when the pool is full. */
  Path reserve() {
    return root.resolve("reserve");
  }

  /** Held on a shared pool while space is promised. */
  Path promiseLock() {
    return root.resolve("promise.lock");
  }

  Path volumes() {
    return root.resolve("volumes");
  }

  Path snapshots() {
    return root.resolve("snapshots");
  }

  Path groups() {
    return root.resolve("groups");
  }

  Path nodes() {
    return root.resolve("nodes");
  }

  Path node(NodeId node) {
    return nodes().resolve(node + ".json");
  }

  /** Held by the one process that is this node. */
  Path nodeLock(NodeId node) {
    return nodes().resolve(node + ".lock");
  }

  Path directory(VolumeId id) {
    return volumes().resolve(id.value());
  }

  Path image(VolumeId id) {
    return directory(id).resolve(IMAGE);
  }

  Path data(VolumeId id) {
    return directory(id).resolve(DATA);
  }

  /** Where a filesystem is mounted for a moment to be made ready for its first user. */
  Path mountPoint(VolumeId id) {
    return directory(id).resolve(MOUNT_POINT);
  }

  Path image(SnapshotId id) {
    return snapshots().resolve(id.value()).resolve(IMAGE);
  }

  Path data(SnapshotId id) {
    return snapshots().resolve(id.value()).resolve(DATA);
  }
}
