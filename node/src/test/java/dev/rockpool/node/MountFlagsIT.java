package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.host.Mount;
import dev.rockpool.storage.host.MountTable;
import io.grpc.Status.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The user's mount flags. */
final class MountFlagsIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;

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

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void theKernelGetsThem(Kind kind) {
    node.create("vol", kind);
    VolumeCapability capability = kind.capability(MODE, "noatime,nosuid", "nodev");
    Path staging = node.use("vol", capability);
    Path target = node.publish("vol", "one", capability);

    for (Path path : List.of(staging, target)) {
      Mount mount = MountTable.read().at(path).orElseThrow();
      assertThat(mount.options()).contains("noatime", "nosuid", "nodev", "rw");
    }
    Path reader = node.publish("vol", "two", capability, true);
    assertThat(MountTable.read().at(reader).orElseThrow().options())
        .contains("noatime", "nosuid", "nodev", "ro");
    assertThat(MountTable.read().at(target).orElseThrow().options()).contains("rw");
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void theyComeBesideTheDriversOwnForAReader(Kind kind) {
    node.create("vol", kind, AccessMode.MULTI_NODE_READER_ONLY);
    VolumeCapability capability = kind.capability(Mode.MULTI_NODE_READER_ONLY, "noatime", "rw");
    Path staging = node.use("vol", capability);

    Mount mount = MountTable.read().at(staging).orElseThrow();
    assertThat(mount.options()).contains("noatime", "ro");
  }

  @ParameterizedTest
  @EnumSource(names = "BLOCK", mode = EnumSource.Mode.EXCLUDE)
  void oneThatTheKernelRefusesFailsStagingAndIsNeverNamed(Kind kind) throws Exception {
    node.create("vol", kind);
    VolumeCapability capability = kind.capability(MODE, "noatime", "hush=abracadabra,sesame");
    node.attach("vol", capability, false);
    Files.createDirectory(node.stagingPath("vol"));
    List<String> before = machine.everything();

    assertRefused(Code.INTERNAL, () -> node.stage("vol", capability))
        .contains("mount -t " + kind.fsType().orElseThrow().label() + " -o ***")
        .doesNotContain("hush", "abracadabra", "sesame", "noatime");
    Throwable thrown = catchThrowable(() -> node.stage("vol", capability));
    assertThat(thrown).hasStackTraceContaining("***");
    machine.assertUnchanged(before);
    node.stage("vol", kind.capability(MODE, "noatime"));
  }
}
