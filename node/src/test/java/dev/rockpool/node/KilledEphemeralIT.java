package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.PoolDirectory;
import dev.rockpool.storage.PoolKind;
import dev.rockpool.storage.PoolName;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A driver that is killed at each step of making or removing a volume for a pod: whatever comes
 * next, nothing of the volume is left when the pod is gone.
 */
final class KilledEphemeralIT {
  private static final String NAME = "csi-" + "0123456789abcdef".repeat(4);
  private static final String NODE = "node-a";
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final Kind KIND = Kind.EXT4;

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private NodeProcess node;

  @BeforeEach
  void open() {
    var _ = PoolDirectory.init(PoolName.parse("default"), machine.pool(), PoolKind.SHARED);
    node = NodeProcess.start(machine, NODE);
  }

  @AfterEach
  void close() {
    node.close();
  }

  private String publish() {
    return node.tryPublishEphemeral(NAME, "pod", KIND, MODE);
  }

  private String unpublish() {
    return node.tryUnpublishEphemeral(NAME, "pod");
  }

  private void assertUsed() {
    Path target = node.target("pod");
    KIND.write(target, 1);
    KIND.assertHolds(target, 1);
  }

  private void assertNothingIsLeft(int step) {
    assertThat(machine.pool().resolve("volumes")).as("after step %d", step).isEmptyDirectory();
    assertThat(machine.mounts()).as("mounts after step %d", step).isEmpty();
    assertThat(machine.loopDevices()).as("devices after step %d", step).isEmpty();
    assertThat(node.state()).as("after step %d", step).isEmptyDirectory();
  }

  @Test
  void aPublicationThatWasCutShortEndsRightWhenItIsTriedAgain() {
    int step = 0;
    node.dieBeforeCommand(step);
    while (publish().isEmpty()) {
      node = NodeProcess.start(machine, NODE);
      assertThat(publish()).as("after step %d", step).isEqualTo("OK");
      assertUsed();
      assertThat(unpublish()).isEqualTo("OK");
      assertNothingIsLeft(step);
      node.dieBeforeCommand(++step);
    }
    assertThat(step).isGreaterThan(5);
    node.dieBeforeCommand(Integer.MAX_VALUE);
    assertThat(unpublish()).isEqualTo("OK");
    assertNothingIsLeft(step);
  }

  @Test
  void aVolumeWhosePodNeverCameIsRemoved() {
    int step = 0;
    node.dieAfterCommand(step);
    while (publish().isEmpty()) {
      node = NodeProcess.start(machine, NODE);
      assertThat(unpublish()).as("after step %d", step).isEqualTo("OK");
      assertNothingIsLeft(step);
      node.dieAfterCommand(++step);
    }
    assertThat(step).isGreaterThan(5);
    node.dieBeforeCommand(Integer.MAX_VALUE);
    assertThat(unpublish()).isEqualTo("OK");
    assertNothingIsLeft(step);
  }

  @Test
  void aRemovalThatWasCutShortGoesOnWhenTheDriverStarts() {
    int step = 0;
    assertThat(publish()).isEqualTo("OK");
    node.dieAfterCommand(step);
    while (unpublish().isEmpty()) {
      node = NodeProcess.start(machine, NODE);
      // The first step takes it off the target. Only then the removal has begun.
      if (step > 0) {
        assertNothingIsLeft(step);
      }
      assertThat(unpublish()).as("after step %d", step).isEqualTo("OK");
      assertNothingIsLeft(step);
      assertThat(publish()).isEqualTo("OK");
      node.dieAfterCommand(++step);
    }
    assertThat(step).isGreaterThan(3);
  }
}
