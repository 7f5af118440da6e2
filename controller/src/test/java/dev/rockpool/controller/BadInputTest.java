package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.GIB;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static dev.rockpool.controller.TestController.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerGrpc.ControllerBlockingStub;
import dev.rockpool.proto.csi.ControllerPublishVolumeRequest;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.DeleteVolumeRequest;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.Topology;
import dev.rockpool.proto.csi.TopologyRequirement;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeContentSource;
import io.grpc.Status.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Input that nobody should send: refused with the field's name, and without a trace. */
final class BadInputTest {
  private static final VolumeCapability WRITER = block(Mode.SINGLE_NODE_WRITER);
  private static final VolumeCapability MOUNTED = mount("ext4", Mode.SINGLE_NODE_WRITER);
  private static final String KNOWN = "pool, allocation, diskConflict, mkfsOptions";

  @TempDir private static Path directory;
  private static TestController controller;

  interface Call {
    Object on(ControllerBlockingStub client);
  }

  @BeforeAll
  static void openAndCreate() {
    controller = TestController.local("default=" + directory.resolve("pool") + ",limit=4Gi");
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));
    controller.publish("disk", NODE, WRITER);
  }

  @AfterAll
  static void close() {
    controller.close();
  }

  static Stream<Arguments> badNames() {
    return Stream.of(
        create("no name", block(""), "name is required"),
        create("NUL in the name", block("a\u0000b"), "name holds a control character"),
        create("escape in the name", block("a\u001b[2J"), "name holds a control character"),
        create("DEL in the name", block("a\u007f"), "name holds a control character"),
        create("C1 control in the name", block("a\u0085b"), "name holds a control character"),
        create("129 bytes of name", block("n".repeat(129)), "name has 129 bytes"),
        create("65 characters of two bytes", block("ä".repeat(65)), "name has 130 bytes"),
        create("33 characters of four bytes", block("🐟".repeat(33)), "name has 132 bytes"));
  }

  static Stream<Arguments> badSizes() {
    return Stream.of(
        create("negative size", sized(-1, 0), "required_bytes -1 is negative"),
        create("negative limit", sized(0, -1), "limit_bytes -1 is negative"),
        create("least of sizes", sized(Long.MIN_VALUE, 0), "required_bytes"),
        create("limit below size", sized(2 * MIB, MIB), "limit_bytes 1048576 is less"),
        argumentSet(
            "size over the pool",
            Code.RESOURCE_EXHAUSTED,
            (Call) client -> client.createVolume(sized(5 * GIB, 0).build()),
            "pool \"default\" can promise"),
        argumentSet(
            "a filesystem's limit below its minimum",
            Code.OUT_OF_RANGE,
            (Call)
                client ->
                    client.createVolume(
                        request("new", mount("xfs", Mode.SINGLE_NODE_WRITER))
                            .setCapacityRange(range(0, 200 * MIB))
                            .build()),
            "" + 300 * MIB));
  }

  static Stream<Arguments> badCapabilities() {
    return Stream.of(
        create("no capabilities", request("new"), "volume_capabilities is required"),
        create(
            "an empty capability",
            request("new", WRITER, VolumeCapability.getDefaultInstance()),
            "volume_capabilities[1]: access_mode"),
        create(
            "no access type",
            request("new", WRITER.toBuilder().clearAccessType().build()),
            "volume_capabilities[0]: access_type"),
        create(
            "no access mode",
            request("new", block(Mode.UNKNOWN)),
            "volume_capabilities[0]: access_mode"),
        create(
            "an access mode of the future",
            request("new", unknownMode()),
            "volume_capabilities.access_mode.mode: there is no value 99"),
        create(
            "both access types",
            request("new", WRITER, MOUNTED),
            "volume_capabilities: block and mount contradict each other"),
        create(
            "two filesystems",
            request("new", MOUNTED, mount("xfs", Mode.SINGLE_NODE_WRITER)),
            "fs_type is ext4 and xfs"),
        create(
            "another filesystem in the parameters",
            request("new", MOUNTED).putParameters("csi.storage.k8s.io/fstype", "btrfs"),
            "fs_type is btrfs and ext4"),
        create(
            "a filesystem on a raw device",
            block("new").putParameters("csi.storage.k8s.io/fstype", "ext4"),
            "fs_type ext4 contradicts access type block"),
        create(
            "an unknown filesystem",
            request("new", mount("ntfs", Mode.SINGLE_NODE_WRITER)),
            "fs_type \"ntfs\" is not supported; supported: ext4, xfs, btrfs"),
        create(
            "an unknown filesystem in the parameters",
            request("new", mount("", Mode.SINGLE_NODE_WRITER))
                .putParameters("csi.storage.k8s.io/fstype", "zfs"),
            "\"zfs\" is not supported"),
        create(
            "a mount group", request("new", group()), "volume_capabilities[0]: volume_mount_group"),
        create(
            "a mount flag that is not the orchestrator's",
            request("new", flags("noatime", "bind,hush")),
            "volume_capabilities[0]: mount_flags[1] is not allowed"),
        create(
            "many writers of one filesystem on a local pool",
            request("new", mount("", Mode.MULTI_NODE_MULTI_WRITER)),
            "needs a shared pool"),
        create(
            "one writer beside many readers",
            request("new", block(Mode.MULTI_NODE_SINGLE_WRITER)),
            "MULTI_NODE_SINGLE_WRITER"));
  }

  static Stream<Arguments> badParameters() {
    return Stream.of(
        create("an unknown parameter", block("new").putParameters("Pool", "default"), KNOWN),
        create("a sidecar's key misspelt", block("new").putParameters("csi.storage/x", ""), KNOWN),
        parameter("pool", "../x", "parameter \"pool\": \"../x\" is not a pool name"),
        parameter("pool", "", "parameter \"pool\" is required"),
        parameter("pool", "nowhere", "there are [default]"),
        parameter("allocation", "fat", "\"fat\"; known: thin, thick"),
        parameter("allocation", "", "known: thin, thick"),
        parameter("diskConflict", "never", "\"never\"; known: node, pod"),
        parameter("mkfsOptions", "-L x", "a raw block volume has no filesystem to make"),
        mkfs("/dev/vda"),
        mkfs("disk.img"),
        mkfs("-d /etc"),
        mkfs("-L a\u0000b"),
        mkfs("; reboot"),
        create(
            "mutable parameters",
            block("new").putMutableParams("iops", "100"),
            "mutable_parameters: unknown key \"iops\"; known keys: readIops, writeIops, readBytesPerSecond, writeBytesPerSecond"),
        create(
            "an oversized map",
            block("new").putParameters("csi.storage.k8s.io/note", "n".repeat(4096)),
            "parameters has"),
        create(
            "oversized secrets", block("new").putSecrets("key", "s".repeat(4096)), "secrets has"),
        create(
            "a snapshot that can't be one",
            block("new")
                .setVolumeContentSource(
                    VolumeContentSource.newBuilder()
                        .setSnapshot(
                            VolumeContentSource.SnapshotSource.newBuilder().setSnapshotId("../s"))),
            "volume_content_source"),
        create(
            "oversized topology",
            block("new")
                .setAccessibilityRequirements(
                    TopologyRequirement.newBuilder()
                        .addRequisite(Topology.newBuilder().putSegments("key", "v".repeat(4096)))),
            "accessibility_requirements.requisite.segments"),
        argumentSet(
            "GetCapacity of an unknown parameter",
            Code.INVALID_ARGUMENT,
            (Call)
                client ->
                    client.getCapacity(
                        GetCapacityRequest.newBuilder().putParameters("colour", "blue").build()),
            KNOWN));
  }

  static Stream<Arguments> badIds() {
    return Stream.of("../disk", "disk/..", "a/b", "..", ".", "v-../", "DISK", "disk\u0000", " ")
        .flatMap(id ->
            Stream.of(
                delete(id),
                argumentSet(
                    "expand " + id.replace('\u0000', '?'),
                    Code.INVALID_ARGUMENT,
                    (Call)
                        client ->
                            client.controllerExpandVolume(
                                ControllerExpandVolumeRequest.newBuilder()
                                    .setVolumeId(id)
                                    .setCapacityRange(range(MIB, 0))
                                    .build()),
                    "volume_id: "),
                publish("volume " + id, id, NODE, "volume_id: "),
                publish("node " + id, "disk", id.equals("DISK") ? "-DISK" : id, "node_id: ")));
  }

  static Stream<Arguments> badPublications() {
    return Stream.of(
        publish("a node id of 257 bytes", "disk", "n".repeat(257), "node_id has 257 bytes"),
        publish("a volume id of 129 bytes", "d".repeat(129), NODE, "volume_id has 129 bytes"),
        publish("a volume id of 64 bytes", "d".repeat(64), NODE, "volume_id: "),
        delete("d".repeat(129)),
        publish("an access mode of the future", "disk", NODE, unknownMode(), "no value 99"),
        publish("a mount of a raw device", "disk", NODE, MOUNTED, "a raw block volume"));
  }

  @ParameterizedTest
  @MethodSource({
    "badNames",
    "badSizes",
    "badCapabilities",
    "badParameters",
    "badIds",
    "badPublications"
  })
  void isRefusedByItsFieldAndChangesNothing(Code code, Call call, String message)
      throws IOException {
    List<String> before = everything();

    assertRefused(
            code,
            () -> {
              var _ = call.on(controller.client());
            })
        .contains(message)
        .doesNotContain("hush", "\u0000", "\u001b", "sssss");
    assertThat(everything()).isEqualTo(before);
  }

  /** Every file below the pool's parent, with all that would change if somebody wrote it. */
  private static List<String> everything() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.sorted().map(BadInputTest::describe).toList();
    }
  }

  private static String describe(Path file) {
    try {
      BasicFileAttributes is =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return file + " " + is.fileKey() + " " + is.size() + " " + is.lastModifiedTime();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Arguments create(String what, CreateVolumeRequest.Builder request, String says) {
    CreateVolumeRequest built = request.build();
    return argumentSet(
        what, Code.INVALID_ARGUMENT, (Call) client -> client.createVolume(built), says);
  }

  private static CreateVolumeRequest.Builder sized(long required, long limit) {
    return block("new").setCapacityRange(range(required, limit));
  }

  private static Arguments parameter(String key, String value, String says) {
    return create(key + "=" + value, block("new").putParameters(key, value), says);
  }

  private static Arguments mkfs(String options) {
    return create(
        "mkfsOptions=" + options.replace('\u0000', '?'),
        request("new", MOUNTED).putParameters("mkfsOptions", options),
        "parameter \"mkfsOptions\" \"");
  }

  private static Arguments delete(String id) {
    DeleteVolumeRequest request = DeleteVolumeRequest.newBuilder().setVolumeId(id).build();
    return argumentSet(
        "delete " + id.replace('\u0000', '?'),
        Code.INVALID_ARGUMENT,
        (Call) client -> client.deleteVolume(request),
        "volume_id");
  }

  private static Arguments publish(String what, String id, String node, String says) {
    return publish(what.replace('\u0000', '?'), id, node, WRITER, says);
  }

  private static Arguments publish(
      String what, String id, String node, VolumeCapability capability, String says) {
    ControllerPublishVolumeRequest request =
        ControllerPublishVolumeRequest.newBuilder()
            .setVolumeId(id)
            .setNodeId(node)
            .setVolumeCapability(capability)
            .build();
    return argumentSet(
        "publish " + what,
        Code.INVALID_ARGUMENT,
        (Call) client -> client.controllerPublishVolume(request),
        says);
  }

  private static VolumeCapability unknownMode() {
    return WRITER.toBuilder()
        .setAccessMode(VolumeCapability.AccessMode.newBuilder().setModeValue(99))
        .build();
  }

  private static VolumeCapability group() {
    VolumeCapability.Builder capability = MOUNTED.toBuilder();
    capability.getMountBuilder().setVolumeMountGroup("1000");
    return capability.build();
  }

  private static VolumeCapability flags(String... flags) {
    VolumeCapability.Builder capability = MOUNTED.toBuilder();
    capability.getMountBuilder().addAllMountFlags(List.of(flags));
    return capability.build();
  }
}
