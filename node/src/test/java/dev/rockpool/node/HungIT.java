package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import io.grpc.Status.Code;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The kernel does not come back in time: the caller is told so, and what may still be done keeps
 * the volume from everybody else until it is.
 */
@Timeout(120)
final class HungIT {
  private static final String THERE = "node-a";
  private static final Mode WRITER = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofMinutes(1);

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private final SlowHost host = new SlowHost();
  private TestNode node;

  @BeforeEach
  void open() {
    node = TestNode.shared(machine, "node-b", host);
  }

  @AfterEach
  void close() {
    host.letGo();
    host.patience(LONG);
    node.close();
  }

  private static VolumeCapability writer(Kind kind) {
    return kind.capability(WRITER);
  }

  private static void freeze(Path mountPoint) {
    Machine.run("fsfreeze", "--freeze", mountPoint.toString());
  }

  private static void thaw(Path mountPoint) {
    Machine.run("fsfreeze", "--unfreeze", mountPoint.toString());
  }

  /** Else the kernel would write the image on the one node while it is written on the other. */
  @Test
  void aMountThatMayStillComeKeepsOtherNodesAway() {
    try (NodeProcess there = NodeProcess.start(machine, THERE)) {
      node.create("vol", Kind.EXT4);
      node.attach("vol", writer(Kind.EXT4), false);
      host.patience(SHORT);
      host.hang("mount");
      assertRefused(Code.UNAVAILABLE, () -> node.stage("vol", writer(Kind.EXT4)))
          .contains("mount -t ext4", "has not ended within 1 s");
      // The orchestrator gives the node up.
      node.detach("vol");
      node.attach("vol", THERE, writer(Kind.EXT4), false);
      assertThat(there.tryStage("vol", Kind.EXT4, WRITER)).contains("is locked by");
      assertThat(machine.loopDevices()).hasSize(1);

      host.letGo();
      host.patience(LONG);
      await().ignoreExceptions().untilAsserted(() -> node.unstage("vol"));
      assertThat(machine.loopDevices()).isEmpty();
      there.stage("vol", Kind.EXT4, WRITER);
      there.unstage("vol");
    }
  }

  @Test
  void aMountThatHangsIsRightWhenItHasCome() {
    node.create("vol", Kind.EXT4);
    node.attach("vol", writer(Kind.EXT4), false);
    host.patience(SHORT);
    host.hang("mount");
    assertRefused(Code.UNAVAILABLE, () -> node.stage("vol", writer(Kind.EXT4)));
    host.letGo();
    host.patience(LONG);
    await().ignoreExceptions().untilAsserted(() -> node.stage("vol", writer(Kind.EXT4)));
    Path target = node.publish("vol", "one", writer(Kind.EXT4));
    Kind.EXT4.write(target, 1);
    Kind.EXT4.assertHolds(target, 1);
    assertThat(machine.loopDevices()).hasSize(1);
  }

  /** The pool's own filesystem holds what the volume's writes; btrfs writes nothing to mount. */
  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS"})
  void aVolumeOfAFrozenPoolIsStagedAndUnstagedWhenItIsThawed(Kind kind) {
    node.create("vol", kind);
    node.attach("vol", writer(kind), false);
    freeze(machine.disk());
    try {
      host.patience(SHORT);
      assertRefused(Code.UNAVAILABLE, () -> node.stage("vol", writer(kind)))
          .contains("mount -t " + kind.fsType().orElseThrow().label(), "has not ended within 1 s");
      assertRefused(Code.FAILED_PRECONDITION, () -> node.stage("vol", writer(kind)))
          .contains("/dev/loop", "still held");
    } finally {
      thaw(machine.disk());
    }
    host.patience(LONG);
    await().ignoreExceptions().untilAsserted(() -> node.stage("vol", writer(kind)));
    Path target = node.publish("vol", "one", writer(kind));
    kind.write(target, 1);
    node.unpublish("vol", target);

    freeze(machine.disk());
    try {
      host.patience(SHORT);
      assertRefused(Code.UNAVAILABLE, () -> node.unstage("vol"))
          .contains("umount " + node.stagingPath("vol"), "has not ended within 1 s");
      assertRefused(Code.FAILED_PRECONDITION, () -> node.unstage("vol")).contains("still held");
    } finally {
      thaw(machine.disk());
    }
    host.patience(LONG);
    await().ignoreExceptions().untilAsserted(() -> node.unstage("vol"));
    assertThat(machine.loopDevices()).isEmpty();
    node.use("vol", writer(kind));
    kind.assertHolds(node.publish("vol", "one", writer(kind)), 1);
  }

  /** The kernel would keep a frozen filesystem, and its device, where nobody can thaw it. */
  @ParameterizedTest
  @EnumSource(names = {"EXT4", "XFS", "BTRFS"})
  void aVolumeThatSomebodyFrozeIsTakenAway(Kind kind) {
    node.create("vol", kind);
    node.use("vol", writer(kind));
    Path target = node.publish("vol", "one", writer(kind));
    kind.write(target, 1);
    freeze(target);
    node.unpublish("vol", target);
    node.unstage("vol");
    assertThat(machine.loopDevices()).isEmpty();
    node.use("vol", writer(kind));
    kind.assertHolds(node.publish("vol", "one", writer(kind)), 1);
  }

  @Test
  void growingThatHangsIsReportedWithItsCommand() {
    node.create("vol", Kind.XFS);
    node.use("vol", writer(Kind.XFS));
    Path target = node.publish("vol", "one", writer(Kind.XFS));
    long bytes = Kind.XFS.bytes() + (64L << 20);
    node.grow("vol", bytes);
    freeze(target);
    try {
      host.patience(SHORT);
      assertRefused(Code.UNAVAILABLE, () -> node.expand("vol", target, bytes))
          .contains("xfs_growfs", "did not end within 1 s");
    } finally {
      thaw(target);
    }
    host.patience(LONG);
    await()
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(node.expand("vol", target, bytes)).isEqualTo(bytes));
    Kind.XFS.write(target, 1);
    Kind.XFS.assertHolds(target, 1);
  }
}
