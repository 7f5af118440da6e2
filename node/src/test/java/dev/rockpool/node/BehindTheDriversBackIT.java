package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import io.grpc.Status.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Mounts that an administrator takes away by hand. */
final class BehindTheDriversBackIT {
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

  private Path mountPoint(Kind kind) {
    Path staging = node.stagingPath("vol");
    return kind.block() ? staging.resolve("device") : staging;
  }

  @ParameterizedTest
  @EnumSource
  void aVolumeThatIsNoLongerStagedIsStagedAgain(Kind kind) {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    kind.write(target, 1);
    node.unpublish("vol", target);
    Machine.run("umount", mountPoint(kind).toString());
    assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "one", writer(kind)))
        .contains("NodeStageVolume comes first");

    node.stage("vol", writer(kind));
    kind.assertHolds(node.publish("vol", "one", writer(kind)), 1);
    assertThat(machine.loopDevices()).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource
  void aVolumeThatIsNoLongerStagedIsUnstagedToTheEnd(Kind kind) {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Machine.run("umount", mountPoint(kind).toString());

    node.unstage("vol");
    assertThat(machine.loopDevices()).isEmpty();
    assertThat(node.stagingPath("vol")).isEmptyDirectory();
  }

  /** Its user works on, so nobody else may have the volume. */
  @ParameterizedTest
  @EnumSource
  void aVolumeThatIsNoLongerStagedButPublishedStaysLocked(Kind kind) {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    Machine.run("umount", mountPoint(kind).toString());

    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("vol", writer(kind)))
        .contains(target.toString());
    node.detach("vol");
    assertThatThrownBy(() -> node.volumes().delete(VolumeId.parse("vol")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("still in use");
    kind.write(target, 1);
    kind.assertHolds(target, 1);

    node.unpublish("vol", target);
    node.unstage("vol");
    assertThat(machine.loopDevices()).isEmpty();
    node.use("vol", writer(kind));
    kind.assertHolds(node.publish("vol", "one", writer(kind)), 1);
  }

  @ParameterizedTest
  @EnumSource
  void aTargetThatIsGoneIsPublishedAgain(Kind kind) throws Exception {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind), true);
    Machine.run("umount", target.toString());

    node.publish("vol", target, writer(kind), false);
    kind.write(target, 1);
    Machine.run("umount", target.toString());
    Files.delete(target);
    node.unpublish("vol", target);
    node.unstage("vol");
    assertThat(machine.loopDevices()).isEmpty();
  }
}
