package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.NodeGetInfoRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.MountTable;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Filesystem volumes for many writers: directories of a shared pool. */
final class DirectoryVolumesIT {
  private static final VolumeCapability WRITERS = mount(Mode.MULTI_NODE_MULTI_WRITER);

  @RegisterExtension private static final Machine machine = Machine.ext4();

  private TestNode one;
  private TestNode two;

  @BeforeEach
  void openAndCreate() {
    one = TestNode.shared(machine, "node-a");
    two = TestNode.shared(machine, "node-b");
    one.create(
        new NewVolume(
            "dir",
            new SizeRange(Kind.MIB, 0),
            false,
            Optional.empty(),
            Set.of(AccessMode.MULTI_NODE_MULTI_WRITER),
            Optional.empty(),
            Allocation.THIN,
            DiskConflict.NODE,
            List.of(),
            List.of()));
  }

  @AfterEach
  void close() {
    two.close();
    one.close();
  }

  private static VolumeCapability mount(Mode mode) {
    return VolumeCapability.newBuilder()
        .setMount(VolumeCapability.MountVolume.getDefaultInstance())
        .setAccessMode(VolumeCapability.AccessMode.newBuilder().setMode(mode))
        .build();
  }

  @Test
  void writersOnTwoNodesSeeWhatEachOtherWrites() throws IOException {
    one.use("dir", WRITERS);
    two.use("dir", WRITERS);
    Path here = one.publish("dir", "pod", WRITERS);
    Path there = two.publish("dir", "pod", WRITERS);

    Files.writeString(here.resolve("from-one"), "1");
    Files.writeString(there.resolve("from-two"), "2");
    assertThat(there.resolve("from-one")).hasContent("1");
    assertThat(here.resolve("from-two")).hasContent("2");
    assertThat(machine.loopDevices()).isEmpty();
    assertThat(one.data("dir").toFile().list()).containsExactlyInAnyOrder("from-one", "from-two");

    one.unpublish("dir", here);
    one.unstage("dir");
    Files.writeString(there.resolve("from-two"), "still");
    one.stage("dir", WRITERS);
    assertThat(one.publish("dir", "again", WRITERS).resolve("from-two")).hasContent("still");
  }

  @Test
  void aReadOnlyUserBesideThemOnlyReads() throws IOException {
    VolumeCapability readers = mount(Mode.MULTI_NODE_READER_ONLY);
    one.use("dir", WRITERS);
    two.use("dir", readers);
    Path writer = one.publish("dir", "writer", WRITERS);
    Path besideIt = one.publish("dir", "reader", WRITERS, true);
    Path there = two.publish("dir", "reader", readers);
    Files.writeString(writer.resolve("file"), "seen");

    for (Path reader : List.of(besideIt, there, two.stagingPath("dir"))) {
      assertThat(reader.resolve("file")).hasContent("seen");
      assertThatThrownBy(() -> Files.writeString(reader.resolve("file"), "no"))
          .isInstanceOf(FileSystemException.class)
          .hasMessageContaining("Read-only file system");
      assertThat(MountTable.read().at(reader).orElseThrow().readOnly()).isTrue();
    }
    Files.writeString(writer.resolve("file"), "changed");
  }

  @Test
  void repeatedCallsAndOtherWaysAreAnsweredAsForAllVolumes() {
    one.use("dir", WRITERS);
    one.stage("dir", WRITERS);
    Path target = one.publish("dir", "pod", WRITERS);
    one.publish("dir", target, WRITERS, false);
    assertThat(machine.mounts()).hasSize(2);

    assertRefused(Code.ALREADY_EXISTS, () -> one.publish("dir", target, WRITERS, true));
    assertRefused(Code.ALREADY_EXISTS, () -> one.stage("dir", mount(Mode.MULTI_NODE_READER_ONLY)));
    assertRefused(
        Code.FAILED_PRECONDITION, () -> one.unstage("dir", one.stagingPath("dir").toString()));
    assertRefused(
        Code.FAILED_PRECONDITION,
        () -> one.stage("dir", Kind.BLOCK.capability(Mode.MULTI_NODE_MULTI_WRITER)));
    assertThat(one.statistics("dir", target.toString()).getUsageList()).hasSize(2);
    assertThat(one.expand("dir", target, 1)).isEqualTo(Kind.MIB);
  }

  @Test
  void aVolumeInUseAnywhereIsNotDeleted() {
    two.use("dir", WRITERS);
    two.detach("dir");

    assertThatThrownBy(() -> one.volumes().delete(VolumeId.parse("dir")))
        .hasMessageContaining("still in use");
    assertThat(one.data("dir")).isDirectory();
  }

  @Test
  void whatAUserLinksToIsNotDeletedWithTheVolume() throws IOException {
    Path outside = Files.createDirectory(machine.node("outside"));
    Files.writeString(outside.resolve("precious"), "keep");
    one.use("dir", WRITERS);
    Path target = one.publish("dir", "pod", WRITERS);
    Files.createSymbolicLink(target.resolve("link"), outside);
    Files.createDirectories(target.resolve("deep/er"));
    Files.createSymbolicLink(target.resolve("deep/er/link"), outside.resolve("precious"));
    one.unpublish("dir", target);
    one.unstage("dir");
    one.detach("dir");

    one.volumes().delete(VolumeId.parse("dir"));
    assertThat(one.data("dir")).doesNotExist();
    assertThat(outside.resolve("precious")).hasContent("keep");
  }

  @Test
  void aVolumeThatLostItsDirectoryIsNotStaged() throws IOException {
    one.attach("dir", WRITERS, false);
    Files.delete(one.data("dir"));

    assertRefused(Code.INTERNAL, () -> one.stage("dir", WRITERS))
        .contains("\"dir\" is damaged", one.data("dir") + " is missing");
    assertThat(machine.mounts()).isEmpty();
  }

  /** Whoever can write to the pool's filesystem must not lead a pod elsewhere. */
  @Test
  void aVolumeWhoseDirectoryBecameASymlinkIsNotStaged() throws IOException {
    one.attach("dir", WRITERS, false);
    Files.delete(one.data("dir"));
    Files.createSymbolicLink(one.data("dir"), Path.of("/etc"));

    assertRefused(Code.INTERNAL, () -> one.stage("dir", WRITERS)).contains("\"dir\" is damaged");
    assertThat(machine.mounts()).isEmpty();
  }

  @Test
  void aNodeSaysThatItReachesTheSharedPool() {
    assertThat(
            one.client()
                .nodeGetInfo(NodeGetInfoRequest.getDefaultInstance())
                .getAccessibleTopology()
                .getSegmentsMap())
        .containsOnlyKeys("topology.rockpool.dev/node", "topology.rockpool.dev/pool.default");
  }
}
