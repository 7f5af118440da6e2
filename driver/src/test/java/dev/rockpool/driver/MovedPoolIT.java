package dev.rockpool.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.ControllerGrpc;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.ControllerUnpublishVolumeRequest;
import dev.rockpool.proto.csi.CreateSnapshotRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.IdentityGrpc;
import dev.rockpool.proto.csi.ListSnapshotsRequest;
import dev.rockpool.proto.csi.NodeGrpc;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.NodeUnpublishVolumeRequest;
import dev.rockpool.proto.csi.NodeUnstageVolumeRequest;
import dev.rockpool.proto.csi.ProbeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.LoopDevices;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node dies with its volumes in use, and its disk is put into another one, where nobody knows the
 * volumes but the pool itself. With the real program.
 */
@Timeout(180)
final class MovedPoolIT {
  private static final ExecHost HOST = new ExecHost((_, _, _) -> {});
  private static final int BYTES = 4 << 20;
  private static final Map<String, String> FOR_A_CLAIM =
      Map.of("csi.storage.k8s.io/pvc/namespace", "shop", "csi.storage.k8s.io/pvc/name", "data");

  @TempDir private Path temporary;

  /** The program on one node, and who calls it. */
  private final class Node implements AutoCloseable {
    private final String id;
    private final Path work;
    private final DriverProcess driver;
    private final ManagedChannel channel;

    Node(String id, Path pool) throws IOException {
      this.id = id;
      this.work = Files.createDirectory(temporary.toRealPath().resolve(id));
      Path socket = work.resolve("run/csi.sock");
      this.driver =
          DriverProcess.start(
              work,
              "standalone",
              "--pool",
              "default=" + pool,
              "--node-id",
              id,
              "--endpoint",
              "unix://" + socket,
              "--state-dir",
              work.resolve("state").toString());
      this.channel = driver.connect(socket);
      await()
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
          .until(() ->
              IdentityGrpc.newBlockingStub(channel)
                  .probe(ProbeRequest.getDefaultInstance())
                  .getReady()
                  .getValue());
    }

    ControllerGrpc.ControllerBlockingStub controller() {
      return ControllerGrpc.newBlockingStub(channel);
    }

    NodeGrpc.NodeBlockingStub node() {
      return NodeGrpc.newBlockingStub(channel);
    }

    void create(String volume, String fsType, Map<String, String> parameters) {
      var made =
          controller()
              .createVolume(
                  CreateVolumeRequest.newBuilder()
                      .setName(volume)
                      .setCapacityRange(CapacityRange.newBuilder().setRequiredBytes(32 << 20))
                      .addVolumeCapabilities(capability(fsType))
                      .putAllParameters(parameters)
                      .build());
      assertThat(made.getVolume().getVolumeId()).isEqualTo(volume);
    }

    void attach(String volume, String fsType) {
      var _ =
          controller()
              .controllerPublishVolume(
                  ControllerPublishVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setNodeId(id)
                      .setVolumeCapability(capability(fsType))
                      .build());
    }

    Path staging(String volume) {
      return work.resolve("staging").resolve(volume);
    }

    Path target(String volume) {
      return work.resolve("targets").resolve(volume);
    }

    /** Where its bytes are once it is published. */
    Path use(String volume, String fsType) throws IOException {
      attach(volume, fsType);
      Files.createDirectories(staging(volume));
      Files.createDirectories(work.resolve("targets"));
      var _ =
          node()
              .nodeStageVolume(
                  NodeStageVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setStagingTargetPath(staging(volume).toString())
                      .setVolumeCapability(capability(fsType))
                      .build());
      var _ =
          node()
              .nodePublishVolume(
                  NodePublishVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setStagingTargetPath(staging(volume).toString())
                      .setTargetPath(target(volume).toString())
                      .setVolumeCapability(capability(fsType))
                      .build());
      return fsType.isEmpty() ? target(volume) : target(volume).resolve("file");
    }

    void takeOff(String volume) {
      var _ =
          node()
              .nodeUnpublishVolume(
                  NodeUnpublishVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setTargetPath(target(volume).toString())
                      .build());
      var _ =
          node()
              .nodeUnstageVolume(
                  NodeUnstageVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setStagingTargetPath(staging(volume).toString())
                      .build());
      var _ =
          controller()
              .controllerUnpublishVolume(
                  ControllerUnpublishVolumeRequest.newBuilder()
                      .setVolumeId(volume)
                      .setNodeId(id)
                      .build());
    }

    /** Kills the program; users of the volumes go on. */
    void killDriver() {
      channel.shutdownNow();
      driver.close();
    }

    /** What goes with a machine: its mounts and devices. */
    void loseMounts(Path pool, String... volumes) throws IOException {
      for (Mount mount : MountTable.read().all().reversed()) {
        if (mount.mountPoint().startsWith(work)) {
          HOST.run(Command.of("umount", mount.mountPoint().toString()));
        }
      }
      LoopDevices loops = new LoopDevices(HOST);
      for (String volume : volumes) {
        for (LoopDevices.Attached attached :
            loops.of(pool.resolve("volumes/" + volume + "/disk.img"))) {
          loops.detach(attached.device());
        }
      }
    }

    @Override
    public void close() {
      killDriver();
    }
  }

  private static VolumeCapability capability(String fsType) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.getAccessModeBuilder().setMode(Mode.SINGLE_NODE_MULTI_WRITER);
    if (fsType.isEmpty()) {
      capability.getBlockBuilder();
    } else {
      capability.getMountBuilder().setFsType(fsType);
    }
    return capability.build();
  }

  private Path mount(Path image, String at) throws IOException {
    Path mounted = Files.createDirectory(temporary.toRealPath().resolve(at));
    HOST.run(Command.of("mount", "-o", "loop", image.toString(), mounted.toString()));
    return mounted;
  }

  /** Runs a command of the program to its end. */
  private String run(int code, String... arguments) throws Exception {
    try (DriverProcess command = DriverProcess.start(temporary, arguments)) {
      assertThat(command.exitCode()).as(command::output).isEqualTo(code);
      return command.output();
    }
  }

  private static byte[] write(Path to, long seed) throws IOException {
    byte[] bytes = new byte[BYTES];
    new Random(seed).nextBytes(bytes);
    try (FileChannel channel =
        FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
    return bytes;
  }

  private static void assertHolds(Path file, byte[] bytes) throws IOException {
    try (var in = Files.newInputStream(file)) {
      assertThat(Arrays.equals(in.readNBytes(BYTES), bytes)).as(file.toString()).isTrue();
    }
  }

  @Test
  void itsVolumesAreServedWithTheirDataOnAnotherNode() throws Exception {
    Path image = temporary.toRealPath().resolve("disk.img");
    HOST.run(Command.of("truncate", "--size", "4G", image.toString()));
    HOST.run(Command.of("mkfs.xfs", "-q", image.toString()));
    Path first = mount(image, "first");
    Path pool = first.resolve("pool");
    run(0, "pool", "init", "--pool", "default=" + pool);
    byte[] file;
    byte[] raw;
    try (Node old = new Node("old-node", pool)) {
      old.create("data", "ext4", FOR_A_CLAIM);
      old.create("raw", "", Map.of());
      file = write(old.use("data", "ext4"), 1);
      raw = write(old.use("raw", ""), 2);
      var snapshot =
          old.controller()
              .createSnapshot(
                  CreateSnapshotRequest.newBuilder()
                      .setName("before")
                      .setSourceVolumeId("data")
                      .putParameters("csi.storage.k8s.io/volumesnapshot/namespace", "shop")
                      .putParameters("csi.storage.k8s.io/volumesnapshot/name", "daily")
                      .build());
      assertThat(snapshot.getSnapshot().getReadyToUse()).isTrue();
      assertThat(run(1, "pool", "import", "--pool", "default=" + pool, "--release", "old-node"))
          .contains("node \"old-node\" is not gone");
      old.killDriver();
      assertThat(run(1, "pool", "import", "--pool", "default=" + pool, "--release", "old-node"))
          .contains("not released: volume \"data\"")
          .contains("is attached to /dev/loop")
          .contains("old-node (rw, not running)");
      old.loseMounts(pool, "data", "raw");
    } finally {
      HOST.run(Command.of("umount", first.toString()));
    }

    Path second = mount(image, "second");
    String moved = "default=" + second.resolve("pool");
    try {
      assertThat(run(0, "pool", "fsck", "--pool", moved)).contains("0 findings");
      assertThat(run(0, "pool", "import", "--pool", moved))
          .containsPattern("volume +data .* old-node \\(rw, not running\\) +shop/data")
          .containsPattern("snapshot +before .* shop/daily");
      assertThat(run(0, "pool", "import", "--pool", moved, "--node-id", "new-node", "-o", "yaml"))
          .contains("volumeHandle: \"data\"")
          .contains("- \"new-node\"");
      try (Node node = new Node("new-node", second.resolve("pool"))) {
        StatusRuntimeException held =
            catchThrowableOfType(StatusRuntimeException.class, () -> node.attach("data", "ext4"));
        assertThat(held.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(held.getMessage()).contains("old-node");

        assertThat(run(0, "pool", "import", "--pool", moved, "--release", "old-node"))
            .contains("released: volume \"data\"")
            .contains("released: volume \"raw\"");

        assertHolds(node.use("data", "ext4"), file);
        assertHolds(node.use("raw", ""), raw);
        assertThat(
                node.controller()
                    .listSnapshots(ListSnapshotsRequest.getDefaultInstance())
                    .getEntriesList())
            .hasSize(1);
        assertThat(run(0, "pool", "fsck", "--pool", moved)).contains("a driver has it open");
        for (String volume : List.of("data", "raw")) {
          node.takeOff(volume);
        }
      }
    } finally {
      HOST.run(Command.of("umount", second.toString()));
    }
  }
}
