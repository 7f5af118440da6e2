package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.rockpool.proto.csi.NodeGetCapabilitiesRequest;
import dev.rockpool.proto.csi.NodeGetInfoRequest;
import dev.rockpool.proto.csi.NodeGetInfoResponse;
import dev.rockpool.proto.csi.NodeServiceCapability.RPC;
import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.proto.csi.VolumeUsage;
import dev.rockpool.proto.csi.VolumeUsage.Unit;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** NodeGetVolumeStats, NodeGetInfo and NodeGetCapabilities. */
final class StatisticsIT {
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

  private Path use(Kind kind) {
    VolumeCapability capability = kind.capability(Mode.SINGLE_NODE_WRITER);
    node.create("vol", kind);
    node.use("vol", capability);
    return node.publish("vol", "one", capability);
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void aFilesystemIsAsFullAsTheSystemSays(Kind kind) throws IOException {
    Path target = use(kind);
    kind.write(target, 1);

    List<VolumeUsage> usage = node.statistics("vol", target.toString()).getUsageList();
    VolumeUsage bytes = usage.getFirst();
    FileStore store = Files.getFileStore(target);
    assertThat(bytes.getUnit()).isEqualTo(Unit.BYTES);
    assertThat(bytes.getTotal()).isEqualTo(store.getTotalSpace());
    assertThat(bytes.getAvailable()).isCloseTo(store.getUsableSpace(), within(Kind.MIB));
    assertThat(bytes.getUsed()).isGreaterThanOrEqualTo(3 * Kind.MIB);
    if (kind == Kind.BTRFS) {
      assertThat(usage).as("btrfs counts no inodes").hasSize(1);
    } else {
      VolumeUsage inodes = usage.get(1);
      assertThat(inodes.getUnit()).isEqualTo(Unit.INODES);
      assertThat(inodes.getTotal())
          .isEqualTo(Long.parseLong(Machine.run("stat", "-f", "-c", "%c", target.toString())));
      assertThat(inodes.getUsed()).isPositive();
      assertThat(inodes.getAvailable()).isEqualTo(inodes.getTotal() - inodes.getUsed());
    }
    assertThat(node.statistics("vol", node.stagingPath("vol").toString()).getUsageList())
        .as("at the staging path")
        .hasSameSizeAs(usage);
  }

  @Test
  void aRawDeviceHasASize() {
    Path target = use(Kind.BLOCK);

    for (Path path : List.of(target, node.stagingPath("vol"))) {
      assertThat(node.statistics("vol", path.toString()).getUsageList())
          .singleElement()
          .satisfies(usage -> {
            assertThat(usage.getUnit()).isEqualTo(Unit.BYTES);
            assertThat(usage.getTotal()).isEqualTo(Kind.BLOCK.bytes());
          });
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void aVolumeThatIsNotAtThePathIsNotFound(Kind kind) throws IOException {
    Path target = use(kind);
    Path other = Files.createDirectories(node.pods().resolve("other/mount"));
    Path link = Files.createSymbolicLink(node.pods().resolve("link"), target);

    for (String path :
        List.of(
            other.toString(),
            node.pods().resolve("none").toString(),
            "relative/path",
            target + "/..",
            target + "/data-1",
            link.toString(),
            machine.disk().toString(),
            "/",
            "/proc",
            "\u0007")) {
      assertRefused(Code.NOT_FOUND, () -> node.statistics("vol", path)).contains("\"vol\"");
      assertRefused(Code.NOT_FOUND, () -> node.expand("vol", Path.of(path), 1));
    }
    assertRefused(Code.NOT_FOUND, () -> node.statistics("vol", target + "\u0000"));
    assertRefused(Code.NOT_FOUND, () -> node.statistics("none", target.toString()))
        .contains("\"none\"");
    node.unpublish("vol", target);
    assertRefused(Code.NOT_FOUND, () -> node.statistics("vol", target.toString()));
  }

  @Test
  void aNodeTellsWhoItIsAndWhatItReaches() {
    NodeGetInfoResponse info = node.client().nodeGetInfo(NodeGetInfoRequest.getDefaultInstance());

    assertThat(info.getNodeId()).isEqualTo("node-a");
    assertThat(info.getMaxVolumesPerNode()).isZero();
    assertThat(info.getAccessibleTopology().getSegmentsMap())
        .isEqualTo(Map.of("topology.rockpool.dev/node", "node-a"));
  }

  @Test
  void theServicesCapabilitiesAreThoseItHas() {
    assertThat(
            node.client()
                .nodeGetCapabilities(NodeGetCapabilitiesRequest.getDefaultInstance())
                .getCapabilitiesList())
        .extracting(capability -> capability.getRpc().getType())
        .containsExactlyInAnyOrder(
            RPC.Type.STAGE_UNSTAGE_VOLUME,
            RPC.Type.GET_VOLUME_STATS,
            RPC.Type.EXPAND_VOLUME,
            RPC.Type.VOLUME_CONDITION,
            RPC.Type.SINGLE_NODE_MULTI_WRITER);
  }
}
