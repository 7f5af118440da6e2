package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.NodeGetVolumeStatsResponse;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeCondition;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.IoLimits;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.MountTable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The condition in NodeGetVolumeStats, with what can go wrong made to go wrong. */
final class ConditionIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode node;

  @BeforeEach
  void open() {
    node = TestNode.local(machine);
  }

  @AfterEach
  void close() {
    node.close();
  }

  private Path use(Kind kind, String... mountFlags) {
    VolumeCapability capability = kind.capability(MODE, mountFlags);
    node.create("vol", kind);
    node.use("vol", capability);
    return node.publish("vol", "one", capability);
  }

  private VolumeCondition condition(Path path) {
    return node.statistics("vol", path.toString()).getVolumeCondition();
  }

  private void assertIll(Path path, String... why) {
    NodeGetVolumeStatsResponse answer = node.statistics("vol", path.toString());
    assertThat(answer.getVolumeCondition().getMessage()).contains(why);
    assertThat(answer.getVolumeCondition().getAbnormal()).isTrue();
    assertThat(answer.getUsageList()).as("usage").isNotEmpty();
  }

  private static LoopDevice device(Path path) {
    return Mounts.at(path).flatMap(Mounts::loop).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsWrongWithAVolumeInUse(Kind kind) {
    Path target = use(kind);
    Path reader = node.publish("vol", "reader", kind.capability(MODE), true);

    for (Path path : new Path[] {target, reader, node.stagingPath("vol")}) {
      assertThat(condition(path).getAbnormal()).as(condition(path).getMessage()).isFalse();
      assertThat(condition(path).getMessage()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsWrongWithAVolumeThatIsStagedReadOnly(Kind kind) {
    VolumeCapability reader = kind.capability(Mode.MULTI_NODE_READER_ONLY);
    node.create("vol", kind, AccessMode.MULTI_NODE_READER_ONLY);
    node.attach("vol", reader, true);
    node.stage("vol", reader);

    assertThat(condition(node.publish("vol", "one", reader)).getAbnormal()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void nothingIsWrongWithAVolumeWhoseUserWantsItReadOnly(Kind kind) {
    Path target = use(kind, "ro");

    assertThat(MountTable.read().at(target).orElseThrow().superOptions()).contains("ro");
    assertThat(condition(target).getAbnormal()).as(condition(target).getMessage()).isFalse();
  }

  @Test
  void anExt4ThatFoundErrorsAndWentOn() throws IOException {
    Path target = use(Kind.EXT4);
    damageExt4(target);

    assertIll(target, "found errors", "(1)", "e2fsck");
    assertIll(node.stagingPath("vol"), "found errors");
  }

  @Test
  void anExt4ThatTheKernelMadeReadOnly() throws IOException {
    Path target = use(Kind.EXT4, "errors=remount-ro");
    damageExt4(target);

    assertIll(target, "read-only after an error");
  }

  private static void damageExt4(Path target) throws IOException {
    String name = String.valueOf(device(target).path().getFileName());
    Files.writeString(Path.of("/sys/fs/ext4", name, "trigger_fs_error"), "1");
  }

  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS"})
  void aFilesystemThatIsShutDown(Kind kind) {
    Path target = use(kind);
    Machine.run("xfs_io", "-x", "-c", "shutdown", target.toString());

    assertIll(target, kind == Kind.EXT4 ? "is shut down" : "can't be read: ");
  }

  @Test
  void aBtrfsThatCouldNotWriteAndIsReadOnlySince() throws IOException {
    Path target = use(Kind.BTRFS);
    // All but the beginning of its device is gone.
    try (RandomAccessFile image = new RandomAccessFile(node.image("vol").toFile(), "rw")) {
      image.setLength(1 << 20);
    }
    Machine.run("losetup", "--set-capacity", device(target).toString());
    Machine.run("sh", "-c", "touch " + target + "/new; sync -f " + target + " || true");

    assertIll(target, "made its btrfs read-only", "has 1048576 bytes, and should have");
  }

  @ParameterizedTest
  @EnumSource
  void anImageThatIsDeleted(Kind kind) throws IOException {
    Path target = use(kind);
    Path image = node.image("vol");
    Path kept = Files.createLink(machine.disk().resolve("kept"), image);
    Files.delete(image);

    assertIll(target, "was deleted while in use", "its data " + image + " is missing");
    Files.move(kept, image);
  }

  @Test
  void anImageOfTheWrongSize() throws IOException {
    Path target = use(Kind.EXT4);
    try (RandomAccessFile image = new RandomAccessFile(node.image("vol").toFile(), "rw")) {
      image.setLength(Kind.EXT4.bytes() + 4096);
    }

    assertIll(target, "has " + (Kind.EXT4.bytes() + 4096) + " bytes");
  }

  @Test
  void aPoolThatIsFull() throws IOException {
    Path target = use(Kind.EXT4);
    Path filler = machine.disk().resolve("filler");
    long free = Files.getFileStore(machine.disk()).getUsableSpace();
    Machine.run("fallocate", "--length", "" + (free - (64 << 20)), filler.toString());
    try {
      Machine.run(
          "sh", "-c", "dd if=/dev/zero of=" + filler + "2 bs=64k 2>/dev/null; test -s " + filler);
      assertIll(target, "the filesystem of pool \"default\" is full");
    } finally {
      Files.delete(filler);
      Files.deleteIfExists(machine.disk().resolve("filler2"));
    }
    assertThat(condition(target).getAbnormal()).isFalse();
  }

  @Test
  void aBlockDeviceThatServesNothingAnyMore() {
    Path target = use(Kind.BLOCK);
    LoopDevice device = device(target);
    Machine.run("losetup", "--detach", device.toString());

    assertIll(target, "serves no image any more");
    assertIll(node.stagingPath("vol"), "serves no image any more");
    Machine.run("umount", target.toString());
    Machine.run("umount", node.stagingPath("vol").resolve(StagedVolume.DEVICE).toString());
  }

  @Test
  void limitsThatAreNotEnforced() {
    Path target = use(Kind.EXT4);
    var _ =
        node.volumes()
            .modify(
                VolumeId.parse("vol"),
                new IoLimits.Change(
                    OptionalLong.of(10),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty()));

    assertIll(target, "its I/O limits are recorded but not enforced", "--io-cgroup");
  }
}
