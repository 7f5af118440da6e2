package dev.rockpool.controller;

import static dev.rockpool.controller.Refusals.assertRefused;
import static dev.rockpool.controller.TestController.GIB;
import static dev.rockpool.controller.TestController.MIB;
import static dev.rockpool.controller.TestController.NODE;
import static dev.rockpool.controller.TestController.block;
import static dev.rockpool.controller.TestController.mount;
import static dev.rockpool.controller.TestController.range;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Int64Value;
import dev.rockpool.proto.csi.ControllerExpandVolumeRequest;
import dev.rockpool.proto.csi.GetCapacityRequest;
import dev.rockpool.proto.csi.GetCapacityResponse;
import dev.rockpool.proto.csi.Topology;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** GetCapacity and ControllerExpandVolume: what is promised, and what can still be. */
final class CapacityTest {
  private static final VolumeCapability WRITER = block(Mode.SINGLE_NODE_WRITER);

  @TempDir private Path directory;
  private TestController controller;

  @BeforeEach
  void open() {
    controller =
        TestController.local(
            "default=" + directory.resolve("default") + ",limit=4Gi",
            "fast=" + directory.resolve("fast") + ",limit=1Gi,overcommit=2");
  }

  @AfterEach
  void close() {
    controller.close();
  }

  @Test
  void whatIsLeftIsTheSumAndTheLargestPoolIsTheLargestVolume() {
    assertCapacity(request(), 6 * GIB, 4 * GIB);

    controller.create(block("disk").setCapacityRange(range(3 * GIB, 0)));
    assertCapacity(request(), 3 * GIB, 2 * GIB);
    assertCapacity(request().putParameters("pool", "default"), GIB, GIB);
    assertCapacity(request().putParameters("pool", "fast"), 2 * GIB, 2 * GIB);

    controller.expand("disk", 4 * GIB, 0);
    assertCapacity(request(), 2 * GIB, 2 * GIB);
    controller.delete("disk");
    assertCapacity(request(), 6 * GIB, 4 * GIB);
  }

  @Test
  void whatCantBeReachedCountsNothing() {
    assertCapacity(request().setAccessibleTopology(node(NODE)), 6 * GIB, 4 * GIB);
    assertCapacity(request().setAccessibleTopology(node("elsewhere")), 0, 0);
    assertCapacity(request().setAccessibleTopology(Topology.getDefaultInstance()), 0, 0);
  }

  @Test
  void theSmallestVolumeDependsOnItsKind() {
    assertThat(capacity(request()).hasMinimumVolumeSize()).isFalse();
    assertMinimum(WRITER, 1);
    assertMinimum(mount("", Mode.SINGLE_NODE_WRITER), 16 * MIB);
    assertMinimum(mount("ext4", Mode.SINGLE_NODE_WRITER), 16 * MIB);
    assertMinimum(mount("xfs", Mode.SINGLE_NODE_WRITER), 300 * MIB);
    assertMinimum(mount("btrfs", Mode.SINGLE_NODE_WRITER), 256 * MIB);
    assertThat(
            capacity(
                    request()
                        .addVolumeCapabilities(mount("", Mode.SINGLE_NODE_WRITER))
                        .putParameters("csi.storage.k8s.io/fstype", "xfs"))
                .getMinimumVolumeSize())
        .isEqualTo(Int64Value.of(300 * MIB));
  }

  private void assertMinimum(VolumeCapability capability, long bytes) {
    assertThat(capacity(request().addVolumeCapabilities(capability)).getMinimumVolumeSize())
        .isEqualTo(Int64Value.of(bytes));
  }

  @Test
  void aVolumeGrowsToWhatIsAskedOrToTheNextSector() throws Exception {
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));

    assertThat(controller.expand("disk", 3 * MIB, 0)).isEqualTo(3 * MIB);
    assertThat(directory.resolve("default/volumes/disk/disk.img")).hasSize(3 * MIB);
    assertThat(controller.get("disk").getVolume().getCapacityBytes()).isEqualTo(3 * MIB);
    assertThat(controller.expand("disk", 4 * MIB, 4 * MIB)).isEqualTo(4 * MIB);
    assertThat(controller.expand("disk", 4 * MIB + 1, 0))
        .isBetween(4 * MIB + 512, 4 * MIB + 4096)
        .matches(bytes -> bytes % 512 == 0);
    assertRefused(Code.OUT_OF_RANGE, () -> controller.expand("disk", 5 * MIB + 1, 5 * MIB + 2))
        .contains("sector size");
  }

  @Test
  void aVolumeThatIsLargeEnoughStaysAsItIs() {
    controller.create(block("disk").setCapacityRange(range(2 * MIB, 0)));

    assertThat(controller.expand("disk", 2 * MIB, 0)).isEqualTo(2 * MIB);
    assertThat(controller.expand("disk", MIB, 0)).isEqualTo(2 * MIB);
    assertThat(controller.expand("disk", 0, 3 * MIB)).isEqualTo(2 * MIB);
    assertRefused(Code.OUT_OF_RANGE, () -> controller.expand("disk", MIB, MIB))
        .contains("2097152 bytes, more than limit_bytes 1048576")
        .contains("don't shrink");
  }

  @Test
  void moreThanThePoolHasIsRefusedAndChangesNothing() {
    controller.create(block("disk").setCapacityRange(range(2 * GIB, 0)));

    assertRefused(Code.RESOURCE_EXHAUSTED, () -> controller.expand("disk", 4 * GIB + 1, 0))
        .contains("pool \"default\"");
    assertRefused(Code.RESOURCE_EXHAUSTED, () -> controller.expand("disk", Long.MAX_VALUE, 0));
    assertThat(controller.get("disk").getVolume().getCapacityBytes()).isEqualTo(2 * GIB);
    assertThat(directory.resolve("default/volumes/disk/disk.img")).hasSize(2 * GIB);
    assertCapacity(request().putParameters("pool", "default"), 2 * GIB, 2 * GIB);
    assertThat(controller.expand("disk", 4 * GIB, 0)).isEqualTo(4 * GIB);
  }

  @Test
  void anExpansionNeedsAVolumeAndASize() {
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));

    assertRefused(Code.NOT_FOUND, () -> controller.expand("none", MIB, 0)).contains("\"none\"");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.expand("", MIB, 0)).contains("volume_id");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.expand("none", 0, 0))
        .contains("capacity_range is required");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.expand("none", -1, 0))
        .contains("required_bytes -1 is negative");
    assertRefused(Code.INVALID_ARGUMENT, () -> controller.expand("none", 2, 1))
        .contains("limit_bytes 1 is less than required_bytes 2");
  }

  @Test
  void theNodeHasWorkLeftWhereADeviceOrAFilesystemIsToGrow() {
    controller.create(block("disk").setCapacityRange(range(MIB, 0)));
    assertThat(expandedOnNode("disk", 2 * MIB)).as("a device that nobody has").isFalse();

    controller.publish("disk", NODE, WRITER);
    assertThat(expandedOnNode("disk", 3 * MIB)).as("a device in use").isTrue();
  }

  private boolean expandedOnNode(String id, long required) {
    return controller
        .client()
        .controllerExpandVolume(
            ControllerExpandVolumeRequest.newBuilder()
                .setVolumeId(id)
                .setVolumeCapability(WRITER)
                .setCapacityRange(range(required, 0))
                .build())
        .getNodeExpansionRequired();
  }

  private static GetCapacityRequest.Builder request() {
    return GetCapacityRequest.newBuilder();
  }

  private static Topology node(String node) {
    return Topology.newBuilder().putSegments("topology.rockpool.dev/node", node).build();
  }

  private GetCapacityResponse capacity(GetCapacityRequest.Builder request) {
    return controller.client().getCapacity(request.build());
  }

  private void assertCapacity(GetCapacityRequest.Builder request, long available, long largest) {
    GetCapacityResponse response = capacity(request);
    assertThat(response.getAvailableCapacity()).isEqualTo(available);
    assertThat(response.getMaximumVolumeSize()).isEqualTo(Int64Value.of(largest));
  }
}
