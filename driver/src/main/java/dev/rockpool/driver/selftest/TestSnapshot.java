package dev.rockpool.driver.selftest;

import dev.rockpool.proto.csi.BlockMetadata;
import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.DeleteSnapshotRequest;
import dev.rockpool.proto.csi.GetMetadataAllocatedRequest;
import dev.rockpool.proto.csi.GetMetadataDeltaRequest;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.VolumeContentSource;
import dev.rockpool.storage.SnapshotId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The requests for one snapshot, as an orchestrator sends them.
 *
 * @param name of the snapshot
 * @param source the volume that it is one of
 */
record TestSnapshot(String name, TestVolume source) {
  private static final Duration READY_LIMIT = Duration.ofMinutes(5);
  private static final long PAUSE_MILLIS = 100;

  /** It is known before the snapshot is, so that an unfinished one can be deleted. */
  String id() {
    return SnapshotId.ofName(name).value();
  }

  /** Takes it, and asks again until it can be used. */
  Snapshot create(Node node) throws InterruptedException {
    long end = System.nanoTime() + READY_LIMIT.toNanos();
    while (true) {
      Snapshot snapshot =
          node.controller()
              .createSnapshot(
                  CreateSnapshotRequest.newBuilder()
                      .setName(name)
                      .setSourceVolumeId(source.id())
                      .build())
              .getSnapshot();
      if (snapshot.getReadyToUse()) {
        return snapshot;
      }
      if (System.nanoTime() > end) {
        throw new IllegalStateException("it is not ready after " + READY_LIMIT.toSeconds() + " s");
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  void delete(Node node) {
    var _ =
        node.controller()
            .deleteSnapshot(DeleteSnapshotRequest.newBuilder().setSnapshotId(id()).build());
  }

  /** What a volume is made of that is restored from it. */
  VolumeContentSource content() {
    return content(id());
  }

  static VolumeContentSource content(String snapshotId) {
    VolumeContentSource.Builder content = VolumeContentSource.newBuilder();
    content.getSnapshotBuilder().setSnapshotId(snapshotId);
    return content.build();
  }

  /** The ids of the volume's snapshots. */
  static List<String> list(Node node, TestVolume source) {
    return node
        .controller()
        .listSnapshots(ListSnapshotsRequest.newBuilder().setSourceVolumeId(source.id()).build())
        .getEntriesList()
        .stream()
        .map(entry -> entry.getSnapshot().getSnapshotId())
        .toList();
  }

  /** Where it holds data. */
  List<BlockMetadata> allocated(Node node) {
    List<BlockMetadata> ranges = new ArrayList<>();
    node.metadata()
        .getMetadataAllocated(GetMetadataAllocatedRequest.newBuilder().setSnapshotId(id()).build())
        .forEachRemaining(message -> ranges.addAll(message.getBlockMetadataList()));
    return ranges;
  }

  /** Where it differs from an earlier one. */
  List<BlockMetadata> changedSince(TestSnapshot base, Node node) {
    List<BlockMetadata> ranges = new ArrayList<>();
    node.metadata()
        .getMetadataDelta(
            GetMetadataDeltaRequest.newBuilder()
                .setBaseSnapshotId(base.id())
                .setTargetSnapshotId(id())
                .build())
        .forEachRemaining(message -> ranges.addAll(message.getBlockMetadataList()));
    return ranges;
  }
}
