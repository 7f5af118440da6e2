package dev.rockpool.storage;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** The records of a pool's volumes, and how many of them each node holds. */
final class VolumeStore extends RecordStore<VolumeId, VolumeRecord> {
  // Guarded by this.
  private final Map<NodeId, Integer> attachments = new HashMap<>();

  /**
   * @param there whether the pool is where it was: while it is not mounted, records are not missing
   */
  VolumeStore(PoolLayout layout, BooleanSupplier there) {
    super(
        new Kind<>(
            "volume",
            layout.volumes(),
            "volume.json",
            VolumeId::parse,
            VolumeRecord.class,
            VolumeRecord.FORMAT_VERSION,
            VolumeRecord::id,
            VolumeRecord::capacityBytes),
        there);
  }

  /** How many volumes the node holds, as far as is known. */
  synchronized int attachmentsOf(NodeId node) {
    return attachments.getOrDefault(node, 0);
  }

  /** Whether the node holds the volume, as far as is known. */
  boolean isAttached(VolumeId id, NodeId node) {
    return known(id).flatMap(record -> record.attachment(node)).isPresent();
  }

  @Override
  synchronized void counted(VolumeRecord record, int sign) {
    for (Attachment held : record.attachments()) {
      attachments.merge(held.node(), sign, Integer::sum);
    }
  }
}
