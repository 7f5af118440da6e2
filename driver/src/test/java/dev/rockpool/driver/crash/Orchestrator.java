package dev.rockpool.driver.crash;

import com.google.protobuf.Message;
import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerModifyVolumeRequest;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeGroupSnapshotRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.GroupControllerGrpc;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.Snapshot;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeContentSource;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.locks.LockSupport;

/** Calls of one orchestrator, which remembers what it has asked for and takes all of it away. */
public final class Orchestrator {
  public static final String NODE = "node";

  /** The type of a directory volume. */
  static final String DIRECTORY = "directory";

  private final Path work;
  private final Set<String> volumes = new ConcurrentSkipListSet<>();
  private final Set<String> snapshots = new ConcurrentSkipListSet<>();
  private final Set<String> groups = new ConcurrentSkipListSet<>();
  private final Set<String> ephemeral = new ConcurrentSkipListSet<>();
  private ManagedChannel channel;

  /**
   * @param work a directory for staging paths and targets
   */
  public Orchestrator(Path work, ManagedChannel channel) {
    this.work = work;
    this.channel = channel;
  }

  /** Makes no more calls. */
  public void close() {
    channel.shutdownNow();
  }

  /** Goes on with another process of the driver. */
  public void use(ManagedChannel next) {
    close();
    channel = next;
  }

  private ControllerGrpc.ControllerBlockingStub controller() {
    return ControllerGrpc.newBlockingStub(channel);
  }

  private NodeGrpc.NodeBlockingStub node() {
    return NodeGrpc.newBlockingStub(channel);
  }

  private GroupControllerGrpc.GroupControllerBlockingStub groupController() {
    return GroupControllerGrpc.newBlockingStub(channel);
  }

  /** A filesystem of the type; raw for an empty one. */
  private static VolumeCapability capability(String fsType) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    switch (fsType) {
      case "" -> capability.getBlockBuilder();
      case DIRECTORY -> {
        capability.getMountBuilder();
        capability.getAccessModeBuilder().setMode(Mode.MULTI_NODE_MULTI_WRITER);
      }
      default -> capability.getMountBuilder().setFsType(fsType);
    }
    return capability.build();
  }

  private static CapacityRange mib(long mib) {
    return CapacityRange.newBuilder().setRequiredBytes(mib << 20).build();
  }

  public Path staging(String id) {
    return work.resolve("staging").resolve(id);
  }

  public Path target(String id) {
    return work.resolve("targets").resolve(id);
  }

  public void create(String id, String fsType, long mib, String... parameters) {
    create(id, fsType, mib, VolumeContentSource.getDefaultInstance(), parameters);
  }

  public void restore(String id, String fsType, long mib, String snapshot) {
    VolumeContentSource.Builder source = VolumeContentSource.newBuilder();
    source.getSnapshotBuilder().setSnapshotId(snapshot);
    create(id, fsType, mib, source.build());
  }

  public void copy(String id, String fsType, long mib, String volume) {
    VolumeContentSource.Builder source = VolumeContentSource.newBuilder();
    source.getVolumeBuilder().setVolumeId(volume);
    create(id, fsType, mib, source.build());
  }

  private void create(
      String id, String fsType, long mib, VolumeContentSource source, String... parameters) {
    volumes.add(id);
    CreateVolumeRequest.Builder request =
        CreateVolumeRequest.newBuilder()
            .setName(id)
            .setCapacityRange(mib(mib))
            .addVolumeCapabilities(capability(fsType));
    for (int i = 0; i < parameters.length; i += 2) {
      request.putParameters(parameters[i], parameters[i + 1]);
    }
    if (source.getTypeCase() != VolumeContentSource.TypeCase.TYPE_NOT_SET) {
      request.setVolumeContentSource(source);
    }
    done(controller().createVolume(request.build()));
  }

  public void delete(String id) {
    done(controller().deleteVolume(DeleteVolumeRequest.newBuilder().setVolumeId(id).build()));
    volumes.remove(id);
  }

  public void expand(String id, long mib) {
    done(
        controller()
            .controllerExpandVolume(
                ControllerExpandVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setCapacityRange(mib(mib))
                    .build()));
  }

  public void expandOnNode(String id, long mib) {
    done(
        node()
            .nodeExpandVolume(
                NodeExpandVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setVolumePath(target(id).toString())
                    .setCapacityRange(mib(mib))
                    .build()));
  }

  public void modify(String id, String what, long most) {
    done(
        controller()
            .controllerModifyVolume(
                ControllerModifyVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .putMutableParams(what, "" + most)
                    .build()));
  }

  public void attach(String id, String fsType) {
    done(
        controller()
            .controllerPublishVolume(
                ControllerPublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setNodeId(NODE)
                    .setVolumeCapability(capability(fsType))
                    .build()));
  }

  public void detach(String id) {
    done(
        controller()
            .controllerUnpublishVolume(
                ControllerUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setNodeId(NODE)
                    .build()));
  }

  public void stage(String id, String fsType) {
    make(staging(id));
    done(
        node()
            .nodeStageVolume(
                NodeStageVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging(id).toString())
                    .setVolumeCapability(capability(fsType))
                    .build()));
  }

  public void unstage(String id) {
    done(
        node()
            .nodeUnstageVolume(
                NodeUnstageVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging(id).toString())
                    .build()));
  }

  public void publish(String id, String fsType, boolean readOnly) {
    make(target(id).resolveSibling("."));
    done(
        node()
            .nodePublishVolume(
                NodePublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setStagingTargetPath(staging(id).toString())
                    .setTargetPath(target(id).toString())
                    .setVolumeCapability(capability(fsType))
                    .setReadonly(readOnly)
                    .build()));
  }

  /** Publishes a volume that is made for it, and goes with it. */
  void publishEphemeral(String id) {
    ephemeral.add(id);
    make(target(id).resolveSibling("."));
    done(
        node()
            .nodePublishVolume(
                NodePublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setTargetPath(target(id).toString())
                    .setVolumeCapability(capability("ext4"))
                    .putVolumeContext("csi.storage.k8s.io/ephemeral", "true")
                    .putVolumeContext("size", "32Mi")
                    .build()));
  }

  public void unpublish(String id) {
    done(
        node()
            .nodeUnpublishVolume(
                NodeUnpublishVolumeRequest.newBuilder()
                    .setVolumeId(id)
                    .setTargetPath(target(id).toString())
                    .build()));
  }

  /** Takes the snapshot, and waits until it is ready. */
  public void snapshot(String id, String volume) {
    snapshots.add(id);
    Snapshot taken;
    do {
      taken =
          controller()
              .createSnapshot(
                  CreateSnapshotRequest.newBuilder().setName(id).setSourceVolumeId(volume).build())
              .getSnapshot();
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    } while (!taken.getReadyToUse());
  }

  public void deleteSnapshot(String id) {
    done(controller().deleteSnapshot(DeleteSnapshotRequest.newBuilder().setSnapshotId(id).build()));
    snapshots.remove(id);
  }

  public void group(String id, String... sources) {
    groups.add(id);
    done(
        groupController()
            .createVolumeGroupSnapshot(
                CreateVolumeGroupSnapshotRequest.newBuilder()
                    .setName(id)
                    .addAllSourceVolumeIds(List.of(sources))
                    .build()));
  }

  public void deleteGroup(String id) {
    done(
        groupController()
            .deleteVolumeGroupSnapshot(
                DeleteVolumeGroupSnapshotRequest.newBuilder().setGroupSnapshotId(id).build()));
    groups.remove(id);
  }

  public int countSnapshots() {
    return controller().listSnapshots(ListSnapshotsRequest.getDefaultInstance()).getEntriesCount();
  }

  public long capacity() {
    return controller().getCapacity(GetCapacityRequest.getDefaultInstance()).getAvailableCapacity();
  }

  /** Makes the volume, uses it, and writes the content to it. */
  public void use(String id, String fsType, long mib, String content) throws IOException {
    create(id, fsType, mib);
    use(id, fsType);
    write(id, fsType, content);
  }

  /** Writes the content to the volume, which is in use. */
  public void write(String id, String fsType, String content) throws IOException {
    Path data = fsType.isEmpty() ? target(id) : target(id).resolve("data");
    try (var channelToData =
        FileChannel.open(data, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channelToData.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)));
      channelToData.force(true);
    }
  }

  public void use(String id, String fsType) {
    attach(id, fsType);
    stage(id, fsType);
    publish(id, fsType, false);
  }

  /** The content that was written to the volume, which is in use. */
  public String content(String id, String fsType, String expected) throws IOException {
    Path data = fsType.isEmpty() ? target(id) : target(id).resolve("data");
    try (var in = Files.newInputStream(data)) {
      return new String(in.readNBytes(expected.length()), StandardCharsets.UTF_8);
    }
  }

  public void takeOff(String id) {
    unpublish(id);
    unstage(id);
    detach(id);
  }

  /** Ends all uses, and deletes all that was ever asked for, whatever became of it. */
  public void takeAllAway() throws IOException {
    for (String id : volumes) {
      takeOff(id);
      Files.deleteIfExists(staging(id));
    }
    ephemeral.forEach(this::unpublish);
    ephemeral.clear();
    Set.copyOf(groups).forEach(this::deleteGroup);
    Set.copyOf(snapshots).forEach(this::deleteSnapshot);
    Set.copyOf(volumes).forEach(this::delete);
  }

  private static void make(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void done(Message answer) {
    assert answer.isInitialized();
  }
}
