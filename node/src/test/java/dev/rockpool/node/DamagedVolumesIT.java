package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import io.grpc.Status.Code;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that are not what the record says, or that somebody else uses: nothing is made worse. */
final class DamagedVolumesIT {
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

  private static VolumeCapability writer(Kind kind) {
    return kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
  }

  private void createAndAttach(Kind kind) {
    node.create("vol", kind);
    node.attach("vol", writer(kind), false);
  }

  private void assertStagingFailsAndChangesNothing(Code code, Kind kind, String... message) {
    assertThat(node.stagingPath("vol").toFile().mkdir()).isTrue();
    List<String> before = machine.everything();
    assertRefused(code, () -> node.stage("vol", writer(kind))).contains(message);
    machine.assertUnchanged(before);
    assertThat(node.state()).isEmptyDirectory();
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void anImageWithoutItsFilesystemIsNotStagedAndNotFormatted(Kind kind) throws IOException {
    createAndAttach(kind);
    // All three kinds have their first superblock here.
    overwrite(0, 128 << 10);
    Path copy = machine.snapshot(node.image("vol"));

    assertStagingFailsAndChangesNothing(
        Code.INTERNAL,
        kind,
        "\"vol\" is damaged",
        "holds no " + kind.fsType().orElseThrow().label());
    Machine.assertSame(node.image("vol"), copy);
  }

  /** The superblock's magic is there, and nothing else. */
  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aFilesystemThatDoesNotMountIsNotStagedAndNotRepaired(Kind kind) throws IOException {
    createAndAttach(kind);
    switch (kind) {
      case BLOCK -> throw new IllegalArgumentException();
      case EXT4 -> overwrite(1024 + 0x40, 8 << 20);
      case XFS -> overwrite(16, 8 << 20);
      case BTRFS -> overwrite((64 << 10) + 0x48, 4000);
    }
    Path copy = machine.snapshot(node.image("vol"));

    assertStagingFailsAndChangesNothing(Code.INTERNAL, kind, "mount -t");
    Machine.assertSame(node.image("vol"), copy);
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void aMissingImageIsNamed(Kind kind) throws IOException {
    createAndAttach(kind);
    Files.delete(node.image("vol"));

    assertStagingFailsAndChangesNothing(
        Code.INTERNAL, kind, "\"vol\" is damaged", node.image("vol") + " is missing");
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void anImageThatIsTooShortIsNamed(Kind kind) throws IOException {
    createAndAttach(kind);
    try (RandomAccessFile image = new RandomAccessFile(node.image("vol").toFile(), "rw")) {
      image.setLength(kind.bytes() - 4096);
    }

    assertStagingFailsAndChangesNothing(
        Code.INTERNAL,
        kind,
        "\"vol\" is damaged",
        kind.bytes() - 4096 + " bytes",
        kind.bytes() + " were promised");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeviceThatSomebodyElseAttachedKeepsAWriterAway(boolean readOnly) {
    createAndAttach(Kind.EXT4);
    String theirs = attachByHand(readOnly);
    try {
      assertStagingFailsAndChangesNothing(
          Code.FAILED_PRECONDITION, Kind.EXT4, theirs, "losetup -d " + theirs);
    } finally {
      Machine.run("losetup", "--detach", theirs);
    }
    node.stage("vol", writer(Kind.EXT4));
  }

  @Test
  void aDeviceThatOnlyReadsDoesNotKeepAReaderAway() {
    VolumeCapability readers = Kind.EXT4.capability(Mode.MULTI_NODE_READER_ONLY);
    node.create("vol", Kind.EXT4, AccessMode.MULTI_NODE_READER_ONLY);
    node.attach("vol", readers, false);
    String writes = attachByHand(false);
    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("vol", readers)).contains(writes);
    Machine.run("losetup", "--detach", writes);

    String reads = attachByHand(true);
    try {
      node.stage("vol", readers);
      node.unstage("vol");
      assertThat(machine.loopDevices()).as("theirs").containsExactly(reads);
    } finally {
      Machine.run("losetup", "--detach", reads);
    }
  }

  private String attachByHand(boolean readOnly) {
    String image = node.image("vol").toString();
    return readOnly
        ? Machine.run("losetup", "--find", "--show", "--read-only", image)
        : Machine.run("losetup", "--find", "--show", image);
  }

  @Test
  void aBlockVolumeThatIsOpenStaysUntilItIsClosed() throws Exception {
    node.create("vol", Kind.BLOCK);
    Path staging = node.use("vol", writer(Kind.BLOCK));
    for (boolean readonly : new boolean[] {false, true}) {
      Path target = node.publish("vol", "one", writer(Kind.BLOCK), readonly);
      try (var _ = new RandomAccessFile(target.toFile(), "r")) {
        assertRefused(Code.INTERNAL, () -> node.unpublish("vol", target)).contains("busy");
      }
      node.unpublish("vol", target);
      assertThat(target).doesNotExist();
    }
    try (var _ = new RandomAccessFile(staging.resolve("device").toFile(), "r")) {
      assertRefused(Code.INTERNAL, () -> node.unstage("vol", staging.toString())).contains("busy");
    }
    node.unstage("vol");
    assertThat(staging).isEmptyDirectory();
  }

  /** Such as by a backup that was started on the device itself. */
  @Test
  void aDeviceThatIsHeldKeepsTheVolumeLockedUntilItIsReleased() throws Exception {
    node.create("vol", Kind.BLOCK);
    node.use("vol", writer(Kind.BLOCK));
    String device = machine.loopDevices().getFirst();
    try (var _ = new RandomAccessFile(device, "r")) {
      assertRefused(
              Code.FAILED_PRECONDITION,
              () -> node.unstage("vol", node.stagingPath("vol").toString()))
          .contains(device, "still held");
      node.detach("vol");
      assertThatThrownBy(() -> node.volumes().delete(VolumeId.parse("vol")))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("still in use");
    }
    node.unstage("vol");
  }

  @Test
  void aFileThatIsOpenKeepsTheVolumeWhereItIs() throws Exception {
    node.create("vol", Kind.EXT4);
    node.use("vol", writer(Kind.EXT4));
    Path target = node.publish("vol", "one", writer(Kind.EXT4));
    Kind.EXT4.write(target, 1);
    try (var _ = new RandomAccessFile(target.resolve("data-1").toFile(), "rw")) {
      assertRefused(Code.INTERNAL, () -> node.unpublish("vol", target)).contains("busy");
      Kind.EXT4.write(target, 2);
    }
    node.unpublish("vol", target);
    assertThat(target).doesNotExist();
  }

  private void overwrite(long offset, int bytes) throws IOException {
    try (RandomAccessFile image = new RandomAccessFile(node.image("vol").toFile(), "rw")) {
      image.seek(offset);
      image.write(new byte[bytes]);
    }
  }
}
