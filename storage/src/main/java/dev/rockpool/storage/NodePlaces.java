package dev.rockpool.storage;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The places for volumes on nodes that can hold a limited number. */
final class NodePlaces {
  private final Supplier<Pools> pools;
  // Volumes whose attachment is being written.
  private final ConcurrentMap<NodeId, Set<VolumeId>> attaching = new ConcurrentHashMap<>();

  NodePlaces(Supplier<Pools> pools) {
    this.pools = pools;
  }

  /** A place, until this is closed. */
  interface Place extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a place for the volume, to be given back when its record says that the node holds it, or
   * it came to nothing.
   *
   * @throws StorageException EXHAUSTED if there is none left
   */
  Place take(Pool pool, VolumeRecord volume, NodeId node) {
    if (volume.attachment(node).isPresent()) {
      return () -> {};
    }
    int most = pool.maxVolumes(node);
    if (most == 0) {
      return () -> {};
    }
    // Other nodes of a shared pool attach volumes to this node too.
    pool.catchUp();
    attaching.compute(
        node,
        (_, others) -> {
          Set<VolumeId> underWay = others == null ? new HashSet<>() : new HashSet<>(others);
          long held = held(node, underWay);
          if (held >= most) {
            throw new StorageException(
                StorageException.Reason.EXHAUSTED,
                "node \"" + node + "\" holds " + held + " volumes, and can hold " + most);
          }
          underWay.add(volume.id());
          return underWay;
        });
    return () -> attaching.computeIfPresent(node, (_, others) -> without(others, volume.id()));
  }

  private static @Nullable Set<VolumeId> without(Set<VolumeId> ids, VolumeId id) {
    Set<VolumeId> left = new HashSet<>(ids);
    left.remove(id);
    return left.isEmpty() ? null : left;
  }

  /** What the node holds, and what is under way to it and not recorded yet, each once. */
  private long held(NodeId node, Set<VolumeId> underWay) {
    while (true) {
      int recorded = recordedAttachments(node);
      long unrecorded = underWay.stream().filter(id -> !isRecorded(id, node)).count();
      // One that was recorded in between was counted twice.
      if (recorded == recordedAttachments(node)) {
        return recorded + unrecorded;
      }
    }
  }

  private int recordedAttachments(NodeId node) {
    return pools.get().all().stream().mapToInt(pool -> pool.volumes().attachmentsOf(node)).sum();
  }

  private boolean isRecorded(VolumeId id, NodeId node) {
    return pools.get().all().stream().anyMatch(pool -> pool.volumes().isAttached(id, node));
  }
}
