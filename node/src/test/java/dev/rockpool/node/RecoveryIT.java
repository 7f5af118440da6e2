package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.ExecHost;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import io.grpc.Status.Code;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A node whose process ends, or whose machine does, while volumes are staged; another node of the
 * pool sees what that means to the volumes.
 */
final class RecoveryIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final String NODE = "node-a";

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode other;
  private final List<NodeProcess> started = new ArrayList<>();

  @BeforeEach
  void open() {
    other = TestNode.shared(machine, "node-b");
  }

  @AfterEach
  void close() {
    started.forEach(NodeProcess::close);
    other.close();
  }

  private NodeProcess start() {
    NodeProcess node = NodeProcess.start(machine, NODE);
    started.add(node);
    return node;
  }

  private NodeProcess startAndAttach(Kind kind) {
    NodeProcess node = start();
    other.create("vol", kind);
    other.attach("vol", NODE, kind.capability(MODE), false);
    return node;
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void anotherProcessOfTheNodeTakesUpWhatIsStaged(Kind kind) {
    NodeProcess first = startAndAttach(kind);
    first.stage("vol", kind, MODE);
    Path one = first.publish("vol", "one", kind, MODE, false);
    kind.write(one, 1);
    first.close();
    kind.assertHolds(one, 1);

    NodeProcess second = start();
    assertLockedForOthers(kind);
    second.stage("vol", kind, MODE);
    second.publish("vol", "one", kind, MODE, false);
    assertThat(second.tryPublish("vol", "one", kind, MODE, true)).startsWith("ALREADY_EXISTS");
    Path two = second.publish("vol", "two", kind, MODE, true);
    kind.assertHolds(two, 1);
    second.unpublish("vol", "one");
    second.unpublish("vol", "two");
    second.unstage("vol");
    assertThat(second.state()).isEmptyDirectory();
    assertFreeForOthers(kind);
  }

  @Test
  void aVolumeThatIsOnlyPublishedAnyMoreStaysLocked() {
    NodeProcess first = startAndAttach(Kind.EXT4);
    first.stage("vol", Kind.EXT4, MODE);
    Path one = first.publish("vol", "one", Kind.EXT4, MODE, false);
    first.close();
    Machine.run("umount", first.stagingPath("vol").toString());

    NodeProcess second = start();
    assertLockedForOthers(Kind.EXT4);
    Kind.EXT4.write(one, 1);
    second.unpublish("vol", "one");
    second.unstage("vol");
    assertFreeForOthers(Kind.EXT4);
  }

  /** The record was changed by force: only the lock is left to protect the volume. */
  private void assertLockedForOthers(Kind kind) {
    other.detach("vol", NODE);
    other.attach("vol", kind.capability(MODE), false);
    assertRefused(Code.FAILED_PRECONDITION, () -> other.stage("vol", kind.capability(MODE)))
        .contains("is locked by");
    other.detach("vol");
    other.attach("vol", NODE, kind.capability(MODE), false);
  }

  private void assertFreeForOthers(Kind kind) {
    other.detach("vol", NODE);
    other.use("vol", kind.capability(MODE));
    kind.assertHolds(other.publish("vol", "other", kind.capability(MODE)), 1);
  }

  @ParameterizedTest
  @EnumSource
  void afterARebootAllIsMadeAnew(Kind kind) {
    NodeProcess first = startAndAttach(kind);
    first.stage("vol", kind, MODE);
    kind.write(first.publish("vol", "one", kind, MODE, false), 1);
    first.publish("vol", "two", kind, MODE, true);
    first.close();
    powerCycle();

    NodeProcess second = start();
    assertThat(second.state()).isEmptyDirectory();
    second.stage("vol", kind, MODE);
    Path one = second.publish("vol", "one", kind, MODE, false);
    Path two = second.publish("vol", "two", kind, MODE, true);
    kind.assertHolds(one, 1);
    kind.assertHolds(two, 1);
    second.unpublish("vol", "one");
    second.unpublish("vol", "two");
    second.unstage("vol");
    assertFreeForOthers(kind);
  }

  @Test
  void afterARebootAVolumeMayAlsoBeTakenAwayAtOnce() {
    NodeProcess first = startAndAttach(Kind.BLOCK);
    first.stage("vol", Kind.BLOCK, MODE);
    first.publish("vol", "one", Kind.BLOCK, MODE, false);
    first.close();
    powerCycle();

    NodeProcess second = start();
    second.unpublish("vol", "one");
    assertThat(second.target("one")).doesNotExist();
    second.unstage("vol");
  }

  /** Nothing is mounted or attached any more, and the files are as they were. */
  private static void powerCycle() {
    machine.mounts().reversed().forEach(mount -> Machine.run("umount", "" + mount.mountPoint()));
    machine.detachAll();
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "XFS"})
  void aNodeThatHasLostItsMemoryStillTakesAwayWhatIsThere(Kind kind) throws IOException {
    NodeProcess first = startAndAttach(kind);
    first.stage("vol", kind, MODE);
    kind.write(first.publish("vol", "one", kind, MODE, false), 1);
    first.publish("vol", "two", kind, MODE, true);
    first.close();
    deleteFiles(first.state());

    NodeProcess second = start();
    second.unpublish("vol", "one");
    second.unpublish("vol", "two");
    second.unstage("vol");
    assertThat(machine.mounts()).isEmpty();
    assertThat(machine.loopDevices()).isEmpty();
    assertThat(second.target("one")).doesNotExist();
    assertThat(second.stagingPath("vol")).isEmptyDirectory();
    assertFreeForOthers(kind);
  }

  @Test
  void aMemoryThatCantBeReadIsLeftAloneAndKeepsNothingElseFromWorking() throws IOException {
    NodeProcess first = startAndAttach(Kind.BLOCK);
    first.stage("vol", Kind.BLOCK, MODE);
    first.close();
    Path broken = Files.writeString(first.state().resolve("broken.json"), "{\"volume\": ");

    NodeProcess second = start();
    assertLockedForOthers(Kind.BLOCK);
    second.unstage("vol");
    assertThat(second.state().toFile().list()).containsExactly("broken.json");
    Files.delete(broken);
  }

  private static void deleteFiles(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
  }

  @Test
  void aReadOnlyDeviceThatCameToNothingIsDetached() {
    NodeProcess first = startAndAttach(Kind.BLOCK);
    first.stage("vol", Kind.BLOCK, MODE);
    first.close();
    LoopDevice _ =
        new LoopDevices(new ExecHost((_, _, _) -> {})).attach(other.image("vol"), true, 512);
    assertThat(machine.loopDevices()).hasSize(2);

    NodeProcess second = start();
    assertThat(machine.loopDevices()).hasSize(1);
    second.unstage("vol");
  }
}
