package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.Access;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.Allocation;
import dev.rockpool.storage.Attachment;
import dev.rockpool.storage.DiskConflict;
import dev.rockpool.storage.NewVolume;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.Volume;
import dev.rockpool.storage.VolumeId;
import dev.rockpool.storage.host.MountTable;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Volumes that pods describe themselves. */
final class EphemeralIT {
  private static final String NAME = "csi-" + "0123456789abcdef".repeat(4);
  private static final VolumeId ID = VolumeId.ofName(NAME);
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final VolumeCapability EXT4 = Kind.EXT4.capability(MODE);
  private static final Map<String, String> SMALL = Map.of("size", "64Mi");

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

  private Path target(String pod) throws IOException {
    return Files.createDirectories(node.pods().resolve(pod)).resolve("mount");
  }

  private NodePublishVolumeRequest.Builder request(
      Path target, VolumeCapability capability, Map<String, String> context) {
    return NodePublishVolumeRequest.newBuilder()
        .setVolumeId(NAME)
        .setTargetPath(target.toString())
        .setVolumeCapability(capability)
        .putAllVolumeContext(context)
        .putVolumeContext("csi.storage.k8s.io/ephemeral", "true")
        .putVolumeContext("csi.storage.k8s.io/pod.name", "pod");
  }

  private void publish(NodePublishVolumeRequest.Builder request) {
    var _ = node.client().nodePublishVolume(request.build());
  }

  private List<VolumeId> volumes() {
    return node.volumes().list(Optional.empty(), 10).stream().map(Volume::id).toList();
  }

  private void assertNothingIsLeft() {
    assertThat(volumes()).isEmpty();
    assertThat(machine.pool().resolve("volumes")).isEmptyDirectory();
    assertThat(machine.mounts()).isEmpty();
    assertThat(machine.loopDevices()).isEmpty();
    assertThat(node.state()).isEmptyDirectory();
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aVolumeLivesFromItsPublicationToItsEnd(Kind kind) throws IOException {
    Path target = target("pod");
    NodePublishVolumeRequest.Builder request =
        request(target, kind.capability(MODE), Map.of("size", "300Mi", "pool", "default"));
    publish(request);
    kind.write(target, 1);
    publish(request.putVolumeContext("csi.storage.k8s.io/serviceAccount.tokens", "new ones"));

    kind.assertHolds(target, 1);
    assertThat(volumes()).containsExactly(ID);
    assertThat(node.volumes().find(ID).orElseThrow().record().capacityBytes())
        .isEqualTo(300 * Kind.MIB);
    assertThat(node.statistics(NAME, target.toString()).getVolumeCondition().getAbnormal())
        .isFalse();
    assertThat(node.statistics(NAME, target.toString()).getUsage(0).getTotal())
        .isBetween(150 * Kind.MIB, 300 * Kind.MIB);
    assertThatThrownBy(() -> node.volumes().delete(ID))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is published to \"node-a\"");

    node.unpublish(NAME, target.toString());
    assertThat(target).doesNotExist();
    assertNothingIsLeft();
    node.unpublish(NAME, target.toString());
  }

  @Test
  void itIsMadeAsItIsDescribed() throws IOException {
    Path target = target("pod");
    publish(
        request(
            target,
            EXT4,
            Map.of("size", "67108864", "allocation", "thick", "mkfsOptions", "-L x")));

    assertThat(node.volumes().find(ID).orElseThrow().record())
        .satisfies(record -> {
          assertThat(record.capacityBytes()).isEqualTo(64 * Kind.MIB);
          assertThat(record.allocation()).isEqualTo(Allocation.THICK);
          assertThat(record.mkfsOptions()).containsExactly("-L", "x");
        });
    assertRefused(Code.ALREADY_EXISTS, () -> publish(request(target, EXT4, SMALL)))
        .contains("other parameters");
    assertThat(volumes()).as("what a pod uses stays").containsExactly(ID);
    node.unpublish(NAME, target.toString());
    assertNothingIsLeft();
  }

  @Test
  void aReadOnlyVolumeIsEmptyAndStaysSo() throws IOException {
    Path target = target("pod");
    publish(request(target, EXT4, SMALL).setReadonly(true));

    assertThat(MountTable.read().at(target).orElseThrow()).matches(mount -> mount.readOnly());
    node.unpublish(NAME, target.toString());
    assertNothingIsLeft();
  }

  @Test
  void itStaysUntilItsLastTargetIsGone() throws IOException {
    Path one = target("one");
    Path two = target("two");
    publish(request(one, EXT4, SMALL));
    publish(request(two, EXT4, SMALL));
    Kind.EXT4.write(one, 1);
    node.unpublish(NAME, one.toString());

    Kind.EXT4.assertHolds(two, 1);
    node.unpublish(NAME, two.toString());
    assertNothingIsLeft();
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        Arguments.of(Map.of("colour", "blue"), "known keys: size, pool"),
        Arguments.of(Map.of("size", "10G"), "\"size\" is \"10G\""),
        Arguments.of(Map.of("size", "0"), "\"size\" is \"0\""),
        Arguments.of(Map.of("size", "1.5Gi"), "\"size\" is \"1.5Gi\""),
        Arguments.of(Map.of("size", ""), "\"size\" is \"\""),
        Arguments.of(Map.of("size", "-1"), "\"size\" is \"-1\""),
        Arguments.of(Map.of("pool", "none"), "\"none\""),
        Arguments.of(Map.of("allocation", "fat"), "\"fat\""),
        Arguments.of(Map.of("mkfsOptions", "--none-such"), "mkfsOptions"));
  }

  @Test
  void oneThatKubeletHasNotNamedIsNotTheVolumeOfThatName() throws IOException {
    node.create("scratch", Kind.EXT4);
    Path target = target("pod");
    publish(request(target, EXT4, SMALL).setVolumeId("scratch"));
    Kind.EXT4.write(target, 1);
    assertThat(volumes()).hasSize(2);
    assertThat(node.statistics("scratch", target.toString()).getUsageCount()).isPositive();
    node.unpublish("scratch", target.toString());
    assertThat(volumes()).containsExactly(VolumeId.parse("scratch"));
    assertThat(target).doesNotExist();
    // Not ephemeral, and nothing of it is here: that is no error, and it stays.
    node.unpublish("scratch", target.toString());
    assertThat(volumes()).containsExactly(VolumeId.parse("scratch"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void whatIsNotUnderstoodIsRefusedAndNothingIsLeft(Map<String, String> context, String why)
      throws IOException {
    Path target = target("pod");

    assertRefused(Code.INVALID_ARGUMENT, () -> publish(request(target, EXT4, context)))
        .contains(why);
    assertNothingIsLeft();
  }

  @Test
  void whatCanNotBeEphemeralIsRefused() throws IOException {
    Path target = target("pod");

    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> publish(request(target, Kind.BLOCK.capability(MODE), SMALL)))
        .contains("can't be a block device");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> publish(request(target, EXT4, SMALL).setStagingTargetPath("/staging")))
        .contains("staging_target_path");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> publish(request(target, EXT4, SMALL).setVolumeId("../vol")))
        .startsWith("volume_id: \"../vol\"");
    assertRefused(
            Code.INVALID_ARGUMENT,
            () -> publish(request(target, EXT4, SMALL).setTargetPath("relative")))
        .contains("target_path");
    assertNothingIsLeft();
  }

  @Test
  void whatFailsAtTheEndLeavesNothing() {
    assertRefused(
        Code.FAILED_PRECONDITION,
        () -> publish(request(node.pods().resolve("no/such/parent"), EXT4, SMALL)));
    assertNothingIsLeft();
    assertRefused(
        Code.RESOURCE_EXHAUSTED,
        () -> publish(request(target("pod"), EXT4, Map.of("size", "900Gi"))));
    assertNothingIsLeft();
  }

  @Test
  void aNodeThatHasForgottenItStillKnowsIt() throws IOException {
    Path target = target("pod");
    // As after a reboot: the record is all that there is.
    node.create(
        new NewVolume(
            NAME,
            new SizeRange(64 * Kind.MIB, 0),
            false,
            Kind.EXT4.fsType(),
            Set.of(AccessMode.valueOf(MODE.name())),
            Optional.empty(),
            Allocation.THIN,
            DiskConflict.NODE,
            List.of(),
            List.of()));
    var _ =
        node.volumes()
            .attach(
                ID,
                new Attachment(
                    NodeId.parse("node-a"), AccessMode.valueOf(MODE.name()), Access.READ_WRITE));
    publish(request(target, EXT4, SMALL));
    Kind.EXT4.write(target, 2);
    node.unpublish(NAME, target.toString());
    assertNothingIsLeft();
  }
}
