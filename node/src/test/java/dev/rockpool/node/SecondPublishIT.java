package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A second target, or the same one again (CSI: NodePublishVolume, second call). */
final class SecondPublishIT {
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

  @ParameterizedTest
  @CsvSource({
    // Kind and mode of the volume, and whether it may have several targets.
    "BLOCK, SINGLE_NODE_WRITER, false",
    "BLOCK, SINGLE_NODE_SINGLE_WRITER, false",
    "BLOCK, SINGLE_NODE_READER_ONLY, false",
    "BLOCK, SINGLE_NODE_MULTI_WRITER, true",
    "BLOCK, MULTI_NODE_READER_ONLY, true",
    "BLOCK, MULTI_NODE_SINGLE_WRITER, true",
    "BLOCK, MULTI_NODE_MULTI_WRITER, true",
    "EXT4, SINGLE_NODE_WRITER, false",
    "EXT4, SINGLE_NODE_SINGLE_WRITER, false",
    "EXT4, SINGLE_NODE_READER_ONLY, false",
    "EXT4, SINGLE_NODE_MULTI_WRITER, true",
    "EXT4, MULTI_NODE_READER_ONLY, true",
  })
  void isAnsweredAsTheTableHasIt(Kind kind, Mode mode, boolean manyTargets) {
    boolean reader = mode == Mode.SINGLE_NODE_READER_ONLY || mode == Mode.MULTI_NODE_READER_ONLY;
    boolean shareable = mode.name().endsWith("WRITER") && mode.name().startsWith("MULTI_NODE");
    node.create(
        "vol",
        kind,
        shareable ? AccessMode.MULTI_NODE_MULTI_WRITER : AccessMode.valueOf("" + mode));
    VolumeCapability capability = kind.capability(mode);
    VolumeCapability otherMode =
        kind.capability(
            mode == Mode.SINGLE_NODE_WRITER
                ? Mode.SINGLE_NODE_SINGLE_WRITER
                : Mode.SINGLE_NODE_WRITER);
    node.use("vol", capability);
    Path one = node.publish("vol", "one", capability);

    node.publish("vol", one, capability, false);
    if (!reader) {
      assertRefused(Code.ALREADY_EXISTS, () -> node.publish("vol", one, capability, true))
          .contains("READ_WRITE", "READ_ONLY", one.toString());
    }
    assertRefused(Code.ALREADY_EXISTS, () -> node.publish("vol", one, otherMode, false))
        .contains(mode.name(), one.toString());
    for (boolean readonly : new boolean[] {false, true}) {
      String two = "two-" + readonly;
      if (manyTargets) {
        node.publish("vol", two, capability, readonly);
      } else {
        assertRefused(
                Code.FAILED_PRECONDITION, () -> node.publish("vol", two, capability, readonly))
            .contains(one.toString());
        assertThat(node.pods().resolve(two).resolve("mount")).doesNotExist();
      }
    }
    assertThat(kindOfMounts()).hasSize(manyTargets ? 3 : 1);
  }

  private List<Path> kindOfMounts() {
    return machine.mounts().stream()
        .map(mount -> mount.mountPoint())
        .filter(path -> path.startsWith(node.pods()))
        .toList();
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void whereTheRuleHoldsBetweenPodsASecondTargetNeedsAllToBeReadOnly(Kind kind) {
    createLiteral(kind, DiskConflict.POD);
    VolumeCapability capability = kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
    node.use("vol", capability);

    Path writer = node.publish("vol", "writer", capability);
    assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "reader", capability, true))
        .contains(writer.toString())
        .contains("READ_WRITE");
    assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "other", capability));
    node.unpublish("vol", writer);

    Path reader = node.publish("vol", "reader", capability, true);
    node.publish("vol", "other-reader", capability, true);
    assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "writer", capability))
        .contains("READ_ONLY");
    node.unpublish("vol", reader);
    node.unpublish("vol", node.pods().resolve("other-reader/mount"));
    node.publish("vol", "writer", capability);
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void whereItHoldsBetweenNodesTargetsOfOneNodeMix(Kind kind) {
    createLiteral(kind, DiskConflict.NODE);
    VolumeCapability capability = kind.capability(Mode.SINGLE_NODE_MULTI_WRITER);
    node.use("vol", capability);

    Path writer = node.publish("vol", "writer", capability);
    Path reader = node.publish("vol", "reader", capability, true);
    Path other = node.publish("vol", "other", capability);
    kind.write(writer, 1);
    kind.write(other, 2);
    kind.assertHolds(reader, 1);
    kind.assertHolds(reader, 2);
  }

  private void createLiteral(Kind kind, DiskConflict diskConflict) {
    node.create(
        new NewVolume(
            "vol",
            new SizeRange(kind.bytes(), 0),
            kind.block(),
            kind.fsType(),
            Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
            Optional.empty(),
            Allocation.THIN,
            diskConflict,
            List.of(),
            List.of()));
  }
}
