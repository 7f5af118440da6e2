package dev.rockpool.driver.selftest;

import dev.rockpool.proto.csi.CreateVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.GetVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.VolumeGroupSnapshot;
import dev.rockpool.storage.GroupId;
import java.util.List;

/**
 * The requests for one group of snapshots, as an orchestrator sends them.
 *
 * @param name of the group
 * @param sources the volumes whose snapshots are its members
 */
record TestGroup(String name, List<TestVolume> sources) {
  TestGroup {
    sources = List.copyOf(sources);
  }

  private String id() {
    return GroupId.ofName(name).value();
  }

  /** Takes it; gives its members. */
  List<Snapshot> create(Node node) {
    return node.groups()
        .createVolumeGroupSnapshot(
            CreateVolumeGroupSnapshotRequest.newBuilder()
                .setName(name)
                .addAllSourceVolumeIds(sources.stream().map(TestVolume::id).toList())
                .build())
        .getGroupSnapshot()
        .getSnapshotsList();
  }

  VolumeGroupSnapshot get(Node node) {
    return node.groups()
        .getVolumeGroupSnapshot(
            GetVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId(id()).build())
        .getGroupSnapshot();
  }

  void delete(Node node) {
    var _ =
        node.groups()
            .deleteVolumeGroupSnapshot(
                DeleteVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId(id()).build());
  }
}
