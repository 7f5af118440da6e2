package dev.rockpool.proto;

import static dev.rockpool.proto.Refusals.assertInvalid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.google.protobuf.Message;
import dev.rockpool.proto.csi.CapacityRange;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.ListVolumesRequest;
import dev.rockpool.proto.csi.NodeExpandVolumeRequest;
import dev.rockpool.proto.csi.NodeGetVolumeStatsRequest;
import dev.rockpool.proto.csi.NodePublishVolumeRequest;
import dev.rockpool.proto.csi.NodeStageVolumeRequest;
import dev.rockpool.proto.csi.Topology;
import dev.rockpool.proto.csi.TopologyRequirement;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode;
import dev.rockpool.storage.NodeId;
import dev.rockpool.storage.SizeRange;
import dev.rockpool.storage.VolumeId;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestsTest {
  // Two bytes each in UTF-8.
  private static final String UMLAUT = "ä";

  static Stream<Arguments> allowed() {
    return Stream.of(
        request("nothing at all", CreateVolumeRequest.getDefaultInstance()),
        request("128 bytes", CreateVolumeRequest.newBuilder().setName("n".repeat(128))),
        request(
            "128 bytes in 64 characters",
            CreateVolumeRequest.newBuilder().setName(UMLAUT.repeat(64))),
        request(
            "a node id of 256 bytes",
            ControllerPublishVolumeRequest.newBuilder().setNodeId("n".repeat(256))),
        request(
            "paths as long as the system has them",
            NodePublishVolumeRequest.newBuilder()
                .setTargetPath("/p".repeat(2000))
                .setStagingTargetPath("/p".repeat(2000))),
        request(
            "a volume path",
            NodeGetVolumeStatsRequest.newBuilder().setVolumePath("/p".repeat(2000))),
        request(
            "an expansion's path",
            NodeExpandVolumeRequest.newBuilder().setVolumePath("/p".repeat(2000))),
        request(
            "a map of 4096 bytes",
            CreateVolumeRequest.newBuilder().putParameters("key", "v".repeat(4093))),
        request(
            "one mount flag of more than 128 bytes",
            stage(mount().addMountFlags("o".repeat(4096)))),
        request("many short mount flags", stage(mount().addAllMountFlags(flags(1024, "noat")))),
        request(
            "every access mode",
            CreateVolumeRequest.newBuilder()
                .addAllVolumeCapabilities(
                    Stream.of(AccessMode.Mode.values())
                        .filter(mode -> mode != AccessMode.Mode.UNRECOGNIZED)
                        .map(mode ->
                            VolumeCapability.newBuilder()
                                .setAccessMode(AccessMode.newBuilder().setMode(mode))
                                .build())
                        .toList())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("allowed")
  void whatTheSpecificationAllowsPasses(String what, Message request) {
    assertThatCode(() -> Requests.check(request)).as(what).doesNotThrowAnyException();
  }

  static Stream<Arguments> notAllowed() {
    return Stream.of(
        request("name", CreateVolumeRequest.newBuilder().setName("n".repeat(129))),
        request("name", CreateVolumeRequest.newBuilder().setName(UMLAUT.repeat(65))),
        request("volume_id", NodeStageVolumeRequest.newBuilder().setVolumeId("v".repeat(129))),
        request("node_id", ControllerPublishVolumeRequest.newBuilder().setNodeId("n".repeat(257))),
        request(
            "node_id", ControllerPublishVolumeRequest.newBuilder().setNodeId(UMLAUT.repeat(129))),
        request(
            "starting_token", ListVolumesRequest.newBuilder().setStartingToken("t".repeat(129))),
        request(
            "parameters", CreateVolumeRequest.newBuilder().putParameters("key", "v".repeat(4094))),
        request(
            "parameters",
            CreateVolumeRequest.newBuilder()
                .putParameters("one", UMLAUT.repeat(1024))
                .putParameters("two", UMLAUT.repeat(1024))),
        request("secrets", CreateVolumeRequest.newBuilder().putSecrets("key", "s".repeat(5000))),
        request(
            "publish_context",
            NodeStageVolumeRequest.newBuilder().putPublishContext("key", "s".repeat(5000))),
        request(
            "volume_context",
            NodeStageVolumeRequest.newBuilder().putVolumeContext("key", "s".repeat(5000))),
        request(
            "volume_capability.mount.mount_flags", stage(mount().addMountFlags("o".repeat(4097)))),
        request(
            "volume_capability.mount.mount_flags",
            stage(mount().addAllMountFlags(flags(1025, "noat")))),
        request("volume_capability.mount.fs_type", stage(mount().setFsType("f".repeat(129)))),
        request(
            "volume_capabilities.mount.fs_type",
            CreateVolumeRequest.newBuilder()
                .addVolumeCapabilities(VolumeCapability.getDefaultInstance())
                .addVolumeCapabilities(
                    VolumeCapability.newBuilder().setMount(mount().setFsType("f".repeat(129))))),
        request(
            "accessibility_requirements.requisite.segments",
            CreateVolumeRequest.newBuilder()
                .setAccessibilityRequirements(
                    TopologyRequirement.newBuilder()
                        .addRequisite(Topology.newBuilder().putSegments("k", "s".repeat(5000))))),
        request(
            "volume_capability.access_mode.mode",
            stage(
                VolumeCapability.newBuilder()
                    .setAccessMode(AccessMode.newBuilder().setModeValue(99)))),
        request(
            "volume_capability.access_mode.mode",
            stage(
                VolumeCapability.newBuilder()
                    .setAccessMode(AccessMode.newBuilder().setModeValue(-1)))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("notAllowed")
  void whatItForbidsIsRefusedByItsField(String field, Message request) {
    assertInvalid(() -> Requests.check(request)).startsWith(field).doesNotContain("sssss");
  }

  @Test
  void aNumberThatAnEnumLacksIsNamed() {
    Message request =
        stage(
            VolumeCapability.newBuilder().setAccessMode(AccessMode.newBuilder().setModeValue(99)));

    assertInvalid(() -> Requests.check(request)).contains("there is no value 99");
  }

  @Test
  void theBytesAndWhatIsAllowedAreNamed() {
    Message request = CreateVolumeRequest.newBuilder().setName(UMLAUT.repeat(65)).build();

    assertInvalid(() -> Requests.check(request)).contains("130 bytes").contains("at most 128");
  }

  @Test
  void aFieldThatMustBeThereIsNamedWhenItIsNot() {
    assertInvalid(() -> Requests.require("", "volume_id")).isEqualTo("volume_id is required");
    assertInvalid(() -> Requests.require("", "volume_id", VolumeId::parse))
        .isEqualTo("volume_id is required");
    assertThat(Requests.require("pvc-1", "volume_id", VolumeId::parse))
        .isEqualTo(new VolumeId("pvc-1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "..", ".", "v-../", "/", "A", "a b", "a\u0000", "-a", "ä"})
  void whatCantBeAnIdIsRefusedByItsField(String text) {
    assertInvalid(() -> Requests.require(text, "volume_id", VolumeId::parse))
        .startsWith("volume_id: ")
        .doesNotContain("\u0000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "..", ".", "a b", "a\n", "-a", "a-"})
  void whatCantBeANodeIsRefusedByItsField(String text) {
    assertInvalid(() -> Requests.require(text, "node_id", NodeId::parse)).startsWith("node_id: ");
  }

  @Test
  void aNameMayHoldWhateverIsNoControlCharacter() {
    for (String name : List.of("plain", "Ünïcödé 🐟", "../x", "a\tb\r\nc", " ", "\u00a0")) {
      assertThat(Requests.requireName(name, "name")).isEqualTo(name);
    }
  }

  @Test
  void aNameHoldsNoControlCharacter() {
    for (int c = 0; c < 0xa0; c++) {
      String name = "a" + Character.toString(c) + "b";
      boolean banned = c <= 8 || c == 0xb || c == 0xc || (c >= 0xe && c <= 0x1f) || c >= 0x7f;
      if (banned) {
        assertInvalid(() -> Requests.requireName(name, "name"))
            .as("U+%04X", c)
            .isEqualTo("name holds a control character");
      } else {
        assertThat(Requests.requireName(name, "name")).isEqualTo(name);
      }
    }
  }

  @Test
  void numbersAreNotNegative() {
    assertThat(Requests.requireNatural(0, "max_entries")).isZero();
    assertInvalid(() -> Requests.requireNatural(-1, "max_entries"))
        .isEqualTo("max_entries -1 is negative");
  }

  @Test
  void sizesAreARange() {
    assertThat(Requests.sizes(CapacityRange.getDefaultInstance())).isEqualTo(SizeRange.ANY);
    assertThat(Requests.sizes(range(5, 7))).isEqualTo(new SizeRange(5, 7));
    assertInvalid(() -> Requests.sizes(range(-5, 0))).contains("required_bytes -5 is negative");
    assertInvalid(() -> Requests.sizes(range(0, -7))).contains("limit_bytes -7 is negative");
    assertInvalid(() -> Requests.sizes(range(7, 5)))
        .contains("limit_bytes 5")
        .contains("required_bytes 7");
  }

  @Test
  void anUnknownKeyIsAnsweredWithTheKnownOnes() {
    List<String> known = List.of("pool", "allocation");
    assertThatCode(() ->
            Requests.requireKnown(
                Map.of("pool", "a", "side.car/name", "b"), "parameters", known, "side.car/"))
        .doesNotThrowAnyException();
    assertInvalid(
            () -> Requests.requireKnown(Map.of("Pool", "a"), "parameters", known, "side.car/"))
        .startsWith("parameters")
        .contains("\"Pool\"")
        .contains("pool, allocation");
    assertInvalid(() -> Requests.requireKnown(Map.of("a", ""), "parameters", List.of(), ""))
        .contains("known keys: none");
  }

  private static CapacityRange range(long required, long limit) {
    return CapacityRange.newBuilder().setRequiredBytes(required).setLimitBytes(limit).build();
  }

  private static VolumeCapability.MountVolume.Builder mount() {
    return VolumeCapability.MountVolume.newBuilder();
  }

  private static Message stage(VolumeCapability.MountVolume.Builder mount) {
    return stage(VolumeCapability.newBuilder().setMount(mount));
  }

  private static Message stage(VolumeCapability.Builder capability) {
    return NodeStageVolumeRequest.newBuilder().setVolumeCapability(capability).build();
  }

  private static List<String> flags(int count, String flag) {
    return Stream.generate(() -> flag).limit(count).toList();
  }

  private static Arguments request(String name, Message.Builder request) {
    return request(name, request.build());
  }

  private static Arguments request(String name, Message request) {
    return Arguments.of(name, request);
  }
}
