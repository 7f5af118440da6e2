package dev.rockpool.node;

import dev.rockpool.storage.Access;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.Pool;
import dev.rockpool.storage.Pools;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.VolumeRecord;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The locks on the volumes that this node uses: what keeps two nodes apart when records don't. */
final class UseLocks {
  private final NodeId node;
  private final ConcurrentMap<VolumeId, Pool.UseLock> held = new ConcurrentHashMap<>();

  UseLocks(NodeId node) {
    this.node = node;
  }

  /**
   * Takes the volume for this node, or finds it taken for it already.
   *
   * @throws StorageException PRECONDITION if another node uses it in a way that excludes this
   */
  void take(Pools.Found volume, Access access) {
    VolumeRecord record = volume.record();
    if (held.containsKey(record.id())) {
      return;
    }
    Pool.UseLock lock = volume.pool().use(record, access).orElseThrow(() -> locked(record, access));
    held.put(record.id(), lock);
  }

  private StorageException locked(VolumeRecord record, Access access) {
    return StorageException.precondition(
        "volume \""
            + record.id()
            + "\" is locked by "
            + holders(record)
            + ", which excludes "
            + access
            + " on node \""
            + node
            + "\"");
  }

  private String holders(VolumeRecord record) {
    List<NodeId> others =
        record.attachments().stream()
            .map(Attachment::node)
            .filter(other -> !other.equals(node))
            .toList();
    return others.isEmpty()
        ? "a copy that is being made of it (or a node that does not hold it any more)"
        : "node " + others;
  }

  /** Gives the volume back, if this node has it. */
  void release(VolumeId id) {
    Pool.UseLock lock = held.remove(id);
    if (lock != null) {
      lock.close();
    }
  }
}
