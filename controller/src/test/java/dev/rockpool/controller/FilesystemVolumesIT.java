package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.GIB;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.OTHER_NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static dev.rockpool.controller.TestController.request;
import static dev.rockpool.controller.TestController.volumesIn;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.ControllerExpandVolumeResponse;
import dev.rockpool.proto.csi.CreateVolumeRequest;
import dev.rockpool.proto.csi.Volume;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.Command;
import dev.rockpool.storage.host.ExecHost;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Volumes with filesystems, made by the real mkfs; and directory volumes. */
final class FilesystemVolumesIT {
  private static final VolumeCapability WRITERS = mount("", Mode.MULTI_NODE_MULTI_WRITER);

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void open() {
    controller = TestController.shared("default=" + directory.resolve("pool") + ",limit=4Gi");
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @ParameterizedTest
  @CsvSource({"ext4, 16", "xfs, 300", "btrfs, 256"})
  void aFilesystemIsMadeWhenItsVolumeIs(String fsType, long minimum) {
    long least = minimum * MIB;
    Volume volume = controller.create(filesystem("vol", fsType).setCapacityRange(range(1, 0)));

    assertThat(volume.getCapacityBytes()).as("rounded up to the minimum").isEqualTo(least);
    assertThat(volume.getVolumeContextMap()).isEmpty();
    assertThat(image("vol")).hasSize(least);
    assertThat(blkid("vol", "TYPE")).isEqualTo(fsType);
    assertRefused(
            Code.OUT_OF_RANGE,
            () -> controller.create(filesystem("less", fsType).setCapacityRange(range(0, MIB))))
        .contains("the smallest size of a volume with " + fsType + " is " + least + " bytes");
    assertThat(volumesIn(directory.resolve("pool"))).containsExactly("vol");
    assertThat(controller.create(filesystem("vol", fsType).setCapacityRange(range(1, 0))))
        .isEqualTo(volume);
  }

  @Test
  void theFilesystemIsExt4UnlessSomethingElseIsSaid() {
    controller.create(filesystem("plain", ""));
    controller.create(filesystem("said", "").putParameters("csi.storage.k8s.io/fstype", "xfs"));

    assertThat(blkid("plain", "TYPE")).isEqualTo("ext4");
    assertThat(blkid("said", "TYPE")).isEqualTo("xfs");
    controller.create(filesystem("plain", "ext4"));
    assertRefused(Code.ALREADY_EXISTS, () -> controller.create(filesystem("plain", "btrfs")))
        .contains("it is a volume with ext4");
    assertRefused(
        Code.ALREADY_EXISTS,
        () -> controller.create(filesystem("plain", "").putParameters("mkfsOptions", "-L x")));
  }

  @ParameterizedTest
  @CsvSource({"ext4, -L data -i 65536", "xfs, -L data -m crc=1", "btrfs, -L data"})
  void theUsersOptionsReachMkfs(String fsType, String options) {
    controller.create(filesystem("vol", fsType).putParameters("mkfsOptions", options));

    assertThat(blkid("vol", "LABEL")).isEqualTo("data");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--no-such-option", "-n", "-b 17", "-O no_such_feature", "-L x extra"})
  void optionsThatMakeNoFilesystemAreInvalidAndNothingIsLeft(String options) {
    assertRefused(
            Code.INVALID_ARGUMENT,
            () ->
                controller.create(filesystem("vol", "ext4").putParameters("mkfsOptions", options)))
        .startsWith("parameter \"mkfsOptions\": ")
        .contains("mkfs.ext4");
    assertThat(volumesIn(directory.resolve("pool"))).isEmpty();
    assertThat(controller.available()).isEqualTo(4 * GIB);
  }

  @Test
  void aThickVolumeHasItsSpaceFromTheBeginningAndWhenItGrows() throws IOException {
    controller.create(thick(filesystem("fs", "ext4")).setCapacityRange(range(32 * MIB, 0)));
    controller.create(thick(block("raw")).setCapacityRange(range(32 * MIB, 0)));
    controller.create(block("thin").setCapacityRange(range(32 * MIB, 0)));

    assertThat(allocatedBytes("fs")).isGreaterThanOrEqualTo(32 * MIB);
    assertThat(allocatedBytes("raw")).isGreaterThanOrEqualTo(32 * MIB);
    assertThat(allocatedBytes("thin")).isZero();
    controller.expand("raw", 64 * MIB, 0);
    assertThat(allocatedBytes("raw")).isGreaterThanOrEqualTo(64 * MIB);
  }

  private static CreateVolumeRequest.Builder thick(CreateVolumeRequest.Builder request) {
    return request.putParameters("allocation", "thick");
  }

  @Test
  void aFilesystemAlwaysLeavesTheNodeToGrowIt() {
    controller.create(filesystem("vol", "ext4").setCapacityRange(range(32 * MIB, 0)));

    ControllerExpandVolumeResponse grown = expand("vol", 64 * MIB);
    assertThat(grown.getNodeExpansionRequired()).isTrue();
    assertThat(grown.getCapacityBytes()).isEqualTo(64 * MIB);
    assertThat(image("vol")).hasSize(64 * MIB);
  }

  @Test
  void aDirectoryVolumeSaysThatNobodyHoldsItToItsSize() {
    Volume volume =
        controller.create(request("dir", WRITERS).setCapacityRange(range(1_000_001, 0)));

    assertThat(volume.getVolumeContextMap()).containsExactly(Map.entry("sizeEnforced", "false"));
    assertThat(volume.getCapacityBytes()).as("no device, no sectors").isEqualTo(1_000_001);
    assertThat(controller.get("dir").getVolume()).isEqualTo(volume);
    assertThat(volume.getAccessibleTopologyList())
        .singleElement()
        .satisfies(place ->
            assertThat(place.getSegmentsMap())
                .containsOnlyKeys("topology.rockpool.dev/pool.default"));
    assertThat(data("dir")).isEmptyDirectory();
    assertThat(controller.available()).isEqualTo(4 * GIB - 1_000_001);
  }

  @Test
  void aDirectoryVolumeGrowsByItsRecordAlone() {
    controller.create(request("dir", WRITERS).setCapacityRange(range(MIB, 0)));

    ControllerExpandVolumeResponse grown = expand("dir", 3 * MIB + 1);
    assertThat(grown.getCapacityBytes()).isEqualTo(3 * MIB + 1);
    assertThat(grown.getNodeExpansionRequired()).isFalse();
    assertThat(controller.available()).isEqualTo(4 * GIB - 3 * MIB - 1);
  }

  @Test
  void aDirectoryVolumeHasNeitherThicknessNorMkfs() {
    for (var wrong : Map.of("allocation", "thick", "mkfsOptions", "-L x").entrySet()) {
      assertRefused(
              Code.INVALID_ARGUMENT,
              () ->
                  controller.create(
                      request("dir", WRITERS).putParameters(wrong.getKey(), wrong.getValue())))
          .contains(wrong.getKey())
          .contains("a directory volume");
    }
    assertThat(volumesIn(directory.resolve("pool"))).isEmpty();
  }

  @Test
  void aDirectoryVolumeIsHeldByAllNodes() {
    controller.create(request("dir", WRITERS).setCapacityRange(range(MIB, 0)));

    controller.publish("dir", NODE, WRITERS);
    controller.publish("dir", OTHER_NODE, WRITERS);
    assertThat(controller.publishedNodes("dir")).containsExactlyInAnyOrder(NODE, OTHER_NODE);
  }

  @Test
  void deletionTakesAllThatIsInADirectoryVolumeAndFollowsNothingOutOfIt() throws IOException {
    Path outside = Files.createDirectories(directory.resolve("outside/deep"));
    Files.writeString(outside.resolve("precious"), "keep");
    controller.create(request("dir", WRITERS).setCapacityRange(range(MIB, 0)));
    Path deep = Files.createDirectories(data("dir").resolve("a/b/c"));
    Files.writeString(deep.resolve("file"), "gone");
    Files.createSymbolicLink(deep.resolve("relative"), Path.of("../../../../../../../outside"));
    Files.createSymbolicLink(deep.resolve("absolute"), outside);
    Files.createSymbolicLink(deep.resolve("file-outside"), outside.resolve("precious"));
    Files.createSymbolicLink(deep.resolve("dangling"), Path.of("nowhere"));
    Files.createLink(deep.resolve("hard"), outside.resolve("precious"));

    controller.delete("dir");
    assertThat(volumesIn(directory.resolve("pool"))).isEmpty();
    assertThat(outside.resolve("precious")).hasContent("keep");
    assertThat(controller.available()).isEqualTo(4 * GIB);
  }

  /** Whoever may write into the volume may also leave the volume's own name to be a symlink. */
  @Test
  void aDirectoryVolumeThatBecameASymlinkIsOnlyUnlinked() throws IOException {
    Path outside = Files.createDirectories(directory.resolve("outside"));
    Files.writeString(outside.resolve("precious"), "keep");
    controller.create(request("dir", WRITERS).setCapacityRange(range(MIB, 0)));
    Files.delete(data("dir"));
    Files.createSymbolicLink(data("dir"), outside);

    controller.delete("dir");
    assertThat(outside.resolve("precious")).hasContent("keep");
    assertThat(volumesIn(directory.resolve("pool"))).isEmpty();
  }

  private static CreateVolumeRequest.Builder filesystem(String name, String fsType) {
    return request(name, mount(fsType, Mode.SINGLE_NODE_WRITER));
  }

  private ControllerExpandVolumeResponse expand(String id, long required) {
    return controller
        .client()
        .controllerExpandVolume(
            ControllerExpandVolumeRequest.newBuilder()
                .setVolumeId(id)
                .setCapacityRange(range(required, 0))
                .build());
  }

  private Path image(String id) {
    return directory.resolve("pool/volumes").resolve(id).resolve("disk.img");
  }

  private Path data(String id) {
    return directory.resolve("pool/volumes").resolve(id).resolve("data");
  }

  private long allocatedBytes(String id) {
    return Long.parseLong(run("stat", "--format=%b", image(id).toString())) * 512;
  }

  private String blkid(String id, String tag) {
    return run("blkid", "--probe", "-o", "value", "-s", tag, image(id).toString());
  }

  private static String run(String... command) {
    return new ExecHost((_, _, _) -> {}).run(Command.of(command)).strip();
  }
}
