package dev.rockpool.storage;

import java.nio.file.Path;

/** Where everything is in a pool's directory. Only checked names are put into a path. */
record PoolLayout(Path root) {
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
    return directory(id).resolve("disk.img");
  }

  Path data(VolumeId id) {
    return directory(id).resolve("data");
  }

  /** Where a filesystem is mounted for a moment to be made ready for its first user. */
  Path mountPoint(VolumeId id) {
    return directory(id).resolve("mnt");
  }

  Path image(SnapshotId id) {
    return snapshots().resolve(id.value()).resolve("disk.img");
  }

  Path data(SnapshotId id) {
    return snapshots().resolve(id.value()).resolve("data");
  }
}
