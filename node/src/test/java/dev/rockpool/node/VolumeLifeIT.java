package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import io.grpc.Status.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A volume of each kind on its node, from staging to unstaging and back. */
final class VolumeLifeIT {
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

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsThereAgainWhenItIsStagedAgain(Kind kind) {
    node.create("vol", kind);
    Path staging = node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    kind.write(target, 1);

    node.unpublish("vol", target);
    assertThat(target).doesNotExist();
    node.unstage("vol");
    assertThat(staging).isEmptyDirectory();
    assertThat(machine.mounts()).isEmpty();
    assertThat(machine.loopDevices()).isEmpty();

    Path elsewhere = node.stagingPath("elsewhere");
    assertThatCode(() -> Files.createDirectory(elsewhere)).doesNotThrowAnyException();
    node.stage("vol", elsewhere.toString(), writer(kind));
    Path other = node.publish("vol", "two", writer(kind));
    kind.assertHolds(other, 1);
    kind.write(other, 2);
    kind.assertHolds(other, 1);
    kind.assertHolds(other, 2);
  }

  @ParameterizedTest
  @EnumSource
  void aTargetShowsTheFilesystemOrTheDevice(Kind kind) throws Exception {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));

    Mount mount = MountTable.read().at(target).orElseThrow();
    assertThat(mount.readOnly()).isFalse();
    String device = machine.loopDevices().getFirst();
    if (kind.block()) {
      assertThat(mount.root()).isEqualTo(device.substring("/dev".length()));
      assertThat(Files.getAttribute(target, "unix:rdev"))
          .isEqualTo(Files.getAttribute(Path.of(device), "unix:rdev"));
    } else {
      assertThat(mount.fsType()).isEqualTo(kind.fsType().orElseThrow().label());
      assertThat(mount.source()).isEqualTo(device);
    }
    assertThat(Machine.run("blockdev", "--getsize64", device)).isEqualTo("" + kind.bytes());
    assertThat(Machine.run("losetup", "-n", "-O", "DIO", device)).as("direct I/O").isEqualTo("1");
  }

  @ParameterizedTest
  @EnumSource
  void everyCallMayBeRepeated(Kind kind) {
    node.create("vol", kind);
    Path staging = node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    List<Mount> mounts = machine.mounts();
    List<String> devices = machine.loopDevices();

    node.stage("vol", writer(kind));
    node.publish("vol", target, writer(kind), false);
    assertThat(machine.mounts()).isEqualTo(mounts);
    assertThat(machine.loopDevices()).isEqualTo(devices).hasSize(1);

    node.unpublish("vol", target);
    node.unpublish("vol", target);
    node.unstage("vol", staging.toString());
    node.unstage("vol", staging.toString());
    assertThat(machine.mounts()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aVolumeThatIsNotPublishedToTheNodeIsNotStaged(Kind kind) {
    node.create("vol", kind);

    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("vol", writer(kind)))
        .contains("not published to node \"node-a\"")
        .contains("ControllerPublishVolume");
    assertThat(machine.loopDevices()).isEmpty();

    node.use("vol", writer(kind));
    node.unstage("vol");
    node.detach("vol");
    assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("vol", writer(kind)));
  }

  @ParameterizedTest
  @EnumSource
  void aVolumeIsStagedOnceAndInOneWay(Kind kind) throws Exception {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path elsewhere = Files.createDirectory(node.stagingPath("elsewhere"));
    List<String> before = machine.everything();

    assertRefused(
            Code.ALREADY_EXISTS,
            () -> node.stage("vol", kind.capability(Mode.SINGLE_NODE_SINGLE_WRITER)))
        .contains("SINGLE_NODE_MULTI_WRITER READ_WRITE")
        .contains("SINGLE_NODE_SINGLE_WRITER READ_WRITE");
    assertRefused(
        Code.ALREADY_EXISTS, () -> node.stage("vol", kind.capability(Mode.MULTI_NODE_READER_ONLY)));
    assertRefused(Code.ALREADY_EXISTS, () -> node.stage("vol", elsewhere.toString(), writer(kind)))
        .contains(node.stagingPath("vol").toString());
    machine.assertUnchanged(before);
  }

  @ParameterizedTest
  @EnumSource
  void aVolumeIsUsedAsWhatItIs(Kind kind) {
    Kind other = kind == Kind.XFS ? Kind.EXT4 : Kind.XFS;
    Kind otherType = kind.block() ? Kind.EXT4 : Kind.BLOCK;
    node.create("vol", kind);
    node.attach("vol", writer(kind), false);
    List<String> before = machine.everything();
    for (Kind wrong : List.of(other, otherType)) {
      assertRefused(
              Code.FAILED_PRECONDITION,
              () -> node.stage("vol", node.pods().toString(), writer(wrong)))
          .startsWith("volume_capability: ");
    }
    machine.assertUnchanged(before);

    node.stage("vol", writer(kind));
    for (Kind wrong : List.of(other, otherType)) {
      assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "one", writer(wrong)))
          .startsWith("volume_capability: ");
    }
    assertThat(node.pods().resolve("one/mount")).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource
  void aPublishedVolumeIsNotUnstaged(Kind kind) {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));

    assertRefused(
            Code.FAILED_PRECONDITION, () -> node.unstage("vol", node.stagingPath("vol").toString()))
        .contains(target.toString());
    kind.write(target, 1);
    kind.assertHolds(target, 1);
  }

  @Test
  void whatIsNotThereIsNotFound() {
    VolumeCapability capability = writer(Kind.BLOCK);
    assertRefused(Code.NOT_FOUND, () -> node.stage("none", capability)).contains("\"none\"");
    assertRefused(Code.NOT_FOUND, () -> node.publish("none", "one", capability))
        .contains("\"none\"");
    node.create("vol", Kind.BLOCK);
    node.attach("vol", capability, false);
    assertRefused(Code.FAILED_PRECONDITION, () -> node.publish("vol", "one", capability))
        .contains("NodeStageVolume comes first");
  }

  @Test
  void whatIsNotThereIsTakenAwayAlready() throws Exception {
    Path target = node.pods().resolve("one");
    node.unpublish("none", target);
    node.unstage("none", node.stagingPath("none").toString());
    node.create("vol", Kind.EXT4);
    node.unpublish("vol", target);
    node.unstage("vol", node.stagingPath("vol").toString());

    // The orchestrator may have made the directory, and wants it gone.
    Files.createDirectory(target);
    node.unpublish("vol", target);
    assertThat(target).doesNotExist();
    Path staging = Files.createDirectory(node.stagingPath("vol"));
    node.unstage("vol", staging.toString());
    assertThat(staging).as("the orchestrator's own").isEmptyDirectory();
  }

  @Test
  void requiredFieldsAreNamed() {
    VolumeCapability capability = writer(Kind.BLOCK);
    NodeStageVolumeRequest stage =
        NodeStageVolumeRequest.newBuilder()
            .setVolumeId("none")
            .setStagingTargetPath("/none")
            .setVolumeCapability(capability)
            .build();
    assertInvalid(
        "volume_id",
        () -> node.client().nodeStageVolume(stage.toBuilder().clearVolumeId().build()));
    assertInvalid(
        "staging_target_path",
        () -> node.client().nodeStageVolume(stage.toBuilder().clearStagingTargetPath().build()));
    assertInvalid(
        "volume_capability",
        () -> node.client().nodeStageVolume(stage.toBuilder().clearVolumeCapability().build()));
    NodePublishVolumeRequest publish =
        NodePublishVolumeRequest.newBuilder()
            .setVolumeId("none")
            .setTargetPath(node.pods().resolve("one").toString())
            .setStagingTargetPath(node.stagingPath("none").toString())
            .setVolumeCapability(capability)
            .build();
    assertInvalid(
        "volume_id",
        () -> node.client().nodePublishVolume(publish.toBuilder().clearVolumeId().build()));
    assertInvalid(
        "target_path",
        () -> node.client().nodePublishVolume(publish.toBuilder().clearTargetPath().build()));
    assertInvalid(
        "volume_capability",
        () -> node.client().nodePublishVolume(publish.toBuilder().clearVolumeCapability().build()));
    assertRefused(
            Code.FAILED_PRECONDITION,
            () ->
                node.client()
                    .nodePublishVolume(publish.toBuilder().clearStagingTargetPath().build()))
        .contains("staging_target_path is required");
    assertInvalid("target_path", () -> node.unpublish("none", Path.of("")));
    assertInvalid("volume_id", () -> node.unpublish("", node.pods()));
    assertInvalid("staging_target_path", () -> node.unstage("none", ""));
    assertInvalid("volume_id", () -> node.unstage("", "/none"));
    assertInvalid("volume_path", () -> node.statistics("none", ""));
    assertInvalid("volume_id", () -> node.statistics("", "/none"));
    assertInvalid("volume_path", () -> node.expand("none", Path.of(""), 1));
    assertInvalid("volume_id", () -> node.expand("", node.pods(), 1));
  }

  private static void assertInvalid(
      String field, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertRefused(Code.INVALID_ARGUMENT, call).contains(field + " is required");
  }
}
