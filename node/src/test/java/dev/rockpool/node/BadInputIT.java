package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that nobody should send: refused by the field, and nothing changes. */
final class BadInputIT {
  private static final VolumeCapability WRITER =
      Kind.EXT4.capability(Mode.SINGLE_NODE_MULTI_WRITER);

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode node;

  @BeforeEach
  void openAndStage() {
    node = TestNode.local(machine);
    node.create("vol", Kind.EXT4);
    node.use("vol", WRITER);
    node.publish("vol", "one", WRITER);
  }

  @AfterEach
  void close() {
    node.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../vol", "vol/..", "a/b", "..", ".", "v-../", "VOL", "vol\u0000", " ", "/"})
  void anIdThatIsNone(String id) {
    Path target = node.pods().resolve("one/mount");
    String staging = node.stagingPath("vol").toString();
    List<String> before = machine.everything();
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> node.stage(id, staging, WRITER),
            () -> node.unstage(id, staging),
            () ->
                node.client()
                    .nodePublishVolume(
                        TestNode.publication(id, staging, target.toString(), WRITER)),
            () -> node.unpublish(id, target.toString()),
            () -> node.statistics(id, target.toString()),
            () -> node.expand(id, target, 1))) {
      assertRefused(Code.INVALID_ARGUMENT, call).startsWith("volume_id: ").doesNotContain("\u0000");
    }
    machine.assertUnchanged(before);
  }

  static Stream<Arguments> badCapabilities() {
    return Stream.of(
        argumentSet("no access type", WRITER.toBuilder().clearAccessType(), "access_type"),
        argumentSet("no access mode", WRITER.toBuilder().clearAccessMode(), "access_mode"),
        argumentSet(
            "an access mode of the future",
            WRITER.toBuilder()
                .setAccessMode(VolumeCapability.AccessMode.newBuilder().setModeValue(99)),
            "no value 99"),
        argumentSet("an unknown filesystem", mount().setFsType("ntfs"), "\"ntfs\""),
        argumentSet("a mount group", mount().setVolumeMountGroup("1000"), "volume_mount_group"),
        argumentSet("bind", mount().addMountFlags("bind"), "mount_flags[0]"),
        argumentSet(
            "a flag behind another", mount().addMountFlags("hush,remount"), "mount_flags[0]"),
        argumentSet("a mkdir of mount(8)", mount().addMountFlags("X-mount.mkdir"), "mount_flags"),
        argumentSet("a line's end", mount().addMountFlags("hush\n"), "mount_flags[0]"),
        argumentSet("many flags", mount().addMountFlags("h".repeat(5000)), "mount_flags has"));
  }

  private static VolumeCapability.MountVolume.Builder mount() {
    return VolumeCapability.MountVolume.newBuilder();
  }

  @ParameterizedTest
  @MethodSource("badCapabilities")
  void aCapabilityThatIsNone(Object given, String message) {
    VolumeCapability capability =
        switch (given) {
          case VolumeCapability.Builder whole -> whole.build();
          case VolumeCapability.MountVolume.Builder mount ->
              WRITER.toBuilder().setMount(mount).build();
          default -> throw new IllegalArgumentException();
        };
    List<String> before = machine.everything();

    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> node.stage("vol", node.stagingPath("vol").toString(), capability))
        .contains("volume_capability", message)
        .doesNotContain("hush", "hhhh");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> node.publish("vol", node.pods().resolve("two"), capability, false))
        .contains("volume_capability", message)
        .doesNotContain("hush", "hhhh");
    machine.assertUnchanged(before);
  }

  static Stream<Arguments> oversized() {
    String large = "h".repeat(4096);
    return Stream.of(
        argumentSet("context", stage().putPublishContext("key", large), "publish_context has"),
        argumentSet("volume context", stage().putVolumeContext("key", large), "volume_context has"),
        argumentSet("secrets", stage().putSecrets("key", large), "secrets has"),
        argumentSet(
            "an id of 129 bytes", stage().setVolumeId("v".repeat(129)), "volume_id has 129"),
        argumentSet("an id of 64 bytes", stage().setVolumeId("v".repeat(64)), "volume_id: "),
        argumentSet("secrets", publish().putSecrets("key", large), "secrets has"),
        argumentSet("context", publish().putPublishContext("key", large), "publish_context has"));
  }

  private static NodeStageVolumeRequest.Builder stage() {
    return NodeStageVolumeRequest.newBuilder()
        .setVolumeId("vol")
        .setStagingTargetPath("/none")
        .setVolumeCapability(WRITER);
  }

  private static NodePublishVolumeRequest.Builder publish() {
    return NodePublishVolumeRequest.newBuilder()
        .setVolumeId("vol")
        .setStagingTargetPath("/none")
        .setTargetPath("/none")
        .setVolumeCapability(WRITER);
  }

  @ParameterizedTest
  @MethodSource("oversized")
  void aFieldThatIsTooLarge(Object request, String message) {
    List<String> before = machine.everything();

    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> {
              var _ =
                  switch (request) {
                    case NodeStageVolumeRequest.Builder stage ->
                        node.client().nodeStageVolume(stage.build());
                    case NodePublishVolumeRequest.Builder publish ->
                        node.client().nodePublishVolume(publish.build());
                    default -> throw new IllegalArgumentException();
                  };
            })
        .startsWith(message)
        .doesNotContain("hhhh");
    machine.assertUnchanged(before);
  }
}
