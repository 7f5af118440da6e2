package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.SizeRange;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** NodeExpandVolume, after the image has grown. */
final class ExpandIT {
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

  private Path use(Kind kind) {
    node.create(
        "vol", kind, AccessMode.SINGLE_NODE_MULTI_WRITER, AccessMode.MULTI_NODE_READER_ONLY);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    kind.write(target, 1);
    return target;
  }

  private long totalBytes(Path target) {
    return node.statistics("vol", target.toString()).getUsage(0).getTotal();
  }

  /** Growing a mounted ext4 is another matter, see below. */
  @ParameterizedTest
  @EnumSource(names = "EXT4", mode = EnumSource.Mode.EXCLUDE)
  void growsWhileItIsInUse(Kind kind) {
    Path target = use(kind);
    Path reader = node.publish("vol", "reader", writer(kind), true);
    long before = totalBytes(target);
    long wanted = 2 * kind.bytes();
    node.grow("vol", wanted);
    assertThat(totalBytes(target)).as("before the node was told").isEqualTo(before);

    assertThat(node.expand("vol", target, wanted)).isEqualTo(wanted);
    assertThat(totalBytes(target)).isGreaterThan(before + wanted / 3).isLessThanOrEqualTo(wanted);
    assertThat(totalBytes(reader)).isEqualTo(totalBytes(target));
    kind.assertHolds(target, 1);
    kind.write(target, 2);

    assertThat(node.expand("vol", node.stagingPath("vol"), wanted)).as("again").isEqualTo(wanted);
    node.unpublish("vol", reader);
    node.unpublish("vol", target);
    node.unstage("vol");
    node.stage("vol", writer(kind));
    Path again = node.publish("vol", "again", writer(kind));
    kind.assertHolds(again, 1);
    kind.assertHolds(again, 2);
    assertThat(totalBytes(again)).isGreaterThan(before + wanted / 3);
  }

  @Test
  void anExt4GrowsInUseWhereTheKernelLetsUsAndElseWhenItIsStagedNext() {
    Path target = use(Kind.EXT4);
    long before = totalBytes(target);
    long wanted = 4 * Kind.EXT4.bytes();
    node.grow("vol", wanted);

    if (Privileges.sysResource()) {
      assertThat(node.expand("vol", target, wanted)).isEqualTo(wanted);
      assertThat(totalBytes(target)).isGreaterThan(3 * before);
    } else {
      assertRefused(Code.FAILED_PRECONDITION, () -> node.expand("vol", target, wanted))
          .contains("ext4", "mounted", "CAP_SYS_RESOURCE", "staged next");
      assertThat(totalBytes(target)).isEqualTo(before);
    }
    Kind.EXT4.assertHolds(target, 1);
    Kind.EXT4.write(target, 2);
    node.unpublish("vol", target);
    node.unstage("vol");

    node.stage("vol", writer(Kind.EXT4));
    Path again = node.publish("vol", "again", writer(Kind.EXT4));
    assertThat(totalBytes(again)).isGreaterThan(3 * before).isLessThanOrEqualTo(wanted);
    Kind.EXT4.assertHolds(again, 1);
    Kind.EXT4.assertHolds(again, 2);
    assertThat(node.expand("vol", again, wanted)).as("nothing left to do").isEqualTo(wanted);
  }

  @ParameterizedTest
  @EnumSource
  void thereMayBeNothingToDo(Kind kind) {
    Path target = use(kind);

    assertThat(node.expand("vol", target, kind.bytes())).isEqualTo(kind.bytes());
    assertThat(node.expand("vol", target, 1)).isEqualTo(kind.bytes());
    assertThat(
            node.client()
                .nodeExpandVolume(
                    NodeExpandVolumeRequest.newBuilder()
                        .setVolumeId("vol")
                        .setVolumePath(target.toString())
                        .setVolumeCapability(writer(kind))
                        .build())
                .getCapacityBytes())
        .isEqualTo(kind.bytes());
    kind.assertHolds(target, 1);
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void whatHasGrownUnusedIsGrownWhenItIsStagedAndNotByAReader(Kind kind) throws IOException {
    Path target = use(kind);
    long before = totalBytes(target);
    node.unpublish("vol", target);
    node.unstage("vol");
    node.detach("vol");
    long wanted = kind.bytes() + 128 * Kind.MIB;
    node.grow("vol", wanted);
    Path copy = machine.snapshot(node.image("vol"));

    VolumeCapability readers = kind.capability(Mode.MULTI_NODE_READER_ONLY);
    node.use("vol", readers);
    Path reader = node.publish("vol", "reader", readers);
    assertThat(totalBytes(reader)).isEqualTo(before);
    assertRefused(Code.FAILED_PRECONDITION, () -> node.expand("vol", reader, wanted))
        .contains("read-only");
    kind.assertHolds(reader, 1);
    node.unpublish("vol", reader);
    node.unstage("vol");
    node.detach("vol");
    Machine.assertSame(node.image("vol"), copy);

    node.use("vol", writer(kind));
    Path writer = node.publish("vol", "writer", writer(kind));
    assertThat(totalBytes(writer)).isGreaterThan(before + 64 * Kind.MIB);
    kind.assertHolds(writer, 1);
    assertThat(node.expand("vol", writer, wanted)).isEqualTo(wanted);
  }

  @Test
  void aThickVolumeStaysThickAsItGrows() {
    node.create(
        new NewVolume(
            "vol",
            new SizeRange(Kind.EXT4.bytes(), 0),
            false,
            Kind.EXT4.fsType(),
            Set.of(AccessMode.SINGLE_NODE_MULTI_WRITER),
            Optional.empty(),
            Allocation.THICK,
            DiskConflict.NODE,
            List.of(),
            List.of()));
    node.grow("vol", 2 * Kind.EXT4.bytes());
    node.use("vol", writer(Kind.EXT4));

    assertThat(512 * Long.parseLong(Machine.run("stat", "-c", "%b", node.image("vol").toString())))
        .isGreaterThanOrEqualTo(2 * Kind.EXT4.bytes());
  }

  @Test
  void whatCantBeDoneIsSaid() {
    Path target = use(Kind.BLOCK);

    assertRefused(Code.OUT_OF_RANGE, () -> node.expand("vol", target, Kind.BLOCK.bytes() + 1))
        .contains("ControllerExpandVolume");
    assertRefused(
        Code.OUT_OF_RANGE,
        () ->
            expand(CapacityRange.newBuilder().setLimitBytes(Kind.BLOCK.bytes() - 1), target, null));
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> expand(CapacityRange.newBuilder().setRequiredBytes(-1), target, null))
        .contains("required_bytes -1");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> expand(CapacityRange.newBuilder(), target, writer(Kind.XFS)))
        .contains("volume_capability: ");
    assertRefused(Code.NOT_FOUND, () -> node.expand("none", target, 1)).contains("\"none\"");
  }

  private void expand(
      CapacityRange.Builder range, Path target, @Nullable VolumeCapability capability) {
    NodeExpandVolumeRequest.Builder request =
        NodeExpandVolumeRequest.newBuilder()
            .setVolumeId("vol")
            .setVolumePath(target.toString())
            .setCapacityRange(range);
    if (capability != null) {
      request.setVolumeCapability(capability);
    }
    var _ = node.client().nodeExpandVolume(request.build());
  }
}
