package dev.rockpool.driver;

import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerGetVolumeRequest;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsRequest;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeContentSource;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The calls of an orchestrator to one node. A call that hangs fails after a minute. */
public final class CsiClient implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final ManagedChannel channel;
  private final String node;

  /**
   * @param channel closed with this
   * @param node its id
   */
  public CsiClient(ManagedChannel channel, String node) {
    this.channel = channel;
    this.node = node;
  }

  private ControllerGrpc.ControllerBlockingStub controller() {
    return ControllerGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private NodeGrpc.NodeBlockingStub node() {
    return NodeGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Whether its pools are open. */
  public boolean ready() {
    try {
      return IdentityGrpc.newBlockingStub(channel)
          .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
          .probe(ProbeRequest.getDefaultInstance())
          .getReady()
          .getValue();
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  /**
   * @param fsType empty = raw block
   */
  public static VolumeCapability capability(String fsType, Mode mode) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getAccessModeBuilder().setMode(mode);
    if (fsType.isEmpty()) {
      capability.getBlockBuilder();
    } else {
      capability.getMountBuilder().setFsType(fsType);
    }
    return capability.build();
  }

  /** What a volume is made of that is a copy of this snapshot. */
  public static VolumeContentSource snapshot(String id) {
    VolumeContentSource.Builder source = VolumeContentSource.newBuilder();
    source.getSnapshotBuilder().setSnapshotId(id);
    return source.build();
  }

  /** What a volume is made of that is a copy of this one. */
  public static VolumeContentSource volume(String id) {
    VolumeContentSource.Builder source = VolumeContentSource.newBuilder();
    source.getVolumeBuilder().setVolumeId(id);
    return source.build();
  }

  public void create(String id, long bytes, VolumeCapability capability) {
    create(id, bytes, capability, VolumeContentSource.getDefaultInstance());
  }

  /**
   * @param source without a type = none
   */
  public void create(
      String id, long bytes, VolumeCapability capability, VolumeContentSource source) {
    CreateVolumeRequest.Builder request =
        CreateVolumeRequest.newBuilder().setName(id).addVolumeCapabilities(capability);
    request.getCapacityRangeBuilder().setRequiredBytes(bytes);
    if (source.getTypeCase() != VolumeContentSource.TypeCase.TYPE_NOT_SET) {
      request.setVolumeContentSource(source);
    }
    create(request.build());
  }

  public void create(CreateVolumeRequest request) {
    var _ = controller().createVolume(request);
  }

  public void delete(String id) {
    var _ = controller().deleteVolume(DeleteVolumeRequest.newBuilder().setVolumeId(id).build());
  }

  public void attach(String id, VolumeCapability capability, boolean readOnly) {
    var _ =
        controller()
            .controllerPublishVolume(
                ControllerPublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setNodeId(node)
                    .setVolumeCapability(capability)
                    .setReadonly(readOnly)
                    .build());
  }

  public void detach(String id) {
    var _ =
        controller()
            .controllerUnpublishVolume(
                ControllerUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setNodeId(node)
                    .build());
  }

  public void stage(String id, Path staging, VolumeCapability capability) {
    var _ =
        node()
            .nodeStageVolume(
                NodeStageVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging.toString())
                    .setVolumeCapability(capability)
                    .build());
  }

  public void unstage(String id, Path staging) {
    var _ =
        node()
            .nodeUnstageVolume(
                NodeUnstageVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging.toString())
                    .build());
  }

  public void publish(
      String id, Path staging, Path target, VolumeCapability capability, boolean readOnly) {
    var _ =
        node()
            .nodePublishVolume(
                NodePublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging.toString())
                    .setTargetPath(target.toString())
                    .setVolumeCapability(capability)
                    .setReadonly(readOnly)
                    .build());
  }

  public void unpublish(String id, Path target) {
    var _ =
        node()
            .nodeUnpublishVolume(
                NodeUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setTargetPath(target.toString())
                    .build());
  }

  public void statistics(String id, Path path) {
    var _ =
        node()
            .nodeGetVolumeStats(
                NodeGetVolumeStatsRequest.newBuilder()
                    .setVolumeId(id)
                    .setVolumePath(path.toString())
                    .build());
  }

  public void expand(String id, long bytes) {
    ControllerExpandVolumeRequest.Builder request =
        ControllerExpandVolumeRequest.newBuilder().setVolumeId(id);
    request.getCapacityRangeBuilder().setRequiredBytes(bytes);
    var _ = controller().controllerExpandVolume(request.build());
  }

  public void expandOnNode(String id, Path path) {
    var _ =
        node()
            .nodeExpandVolume(
                NodeExpandVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setVolumePath(path.toString())
                    .build());
  }

  public void takeSnapshot(String id, String volume) {
    var _ =
        controller()
            .createSnapshot(
                CreateSnapshotRequest.newBuilder().setName(id).setSourceVolumeId(volume).build());
  }

  public void deleteSnapshot(String id) {
    var _ =
        controller().deleteSnapshot(DeleteSnapshotRequest.newBuilder().setSnapshotId(id).build());
  }

  /** The ids of the nodes that the volume is published to. */
  public Set<String> holders(String id) {
    return Set.copyOf(
        controller()
            .controllerGetVolume(ControllerGetVolumeRequest.newBuilder().setVolumeId(id).build())
            .getStatus()
            .getPublishedNodeIdsList());
  }

  /** The ids of all volumes. */
  public List<String> volumes() {
    return controller()
        .listVolumes(ListVolumesRequest.getDefaultInstance())
        .getEntriesList()
        .stream()
        .map(entry -> entry.getVolume().getVolumeId())
        .toList();
  }

  /** The ids of all snapshots. */
  public List<String> snapshots() {
    return controller()
        .listSnapshots(ListSnapshotsRequest.getDefaultInstance())
        .getEntriesList()
        .stream()
        .map(entry -> entry.getSnapshot().getSnapshotId())
        .toList();
  }

  /** Bytes that can still be promised. */
  public long capacity() {
    return controller().getCapacity(GetCapacityRequest.getDefaultInstance()).getAvailableCapacity();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
