package dev.rockpool.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.host.MountTable;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A driver that is killed at each of the host commands of a call: the same call to another process
 * of the node ends right, and so does the rest of the volume's life.
 */
final class KilledIT {
  private static final Mode MODE = Mode.SINGLE_NODE_MULTI_WRITER;
  private static final String NODE = "node-a";

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode other;
  private NodeProcess node;

  @BeforeEach
  void open() {
    other = TestNode.shared(machine, "node-b");
    node = NodeProcess.start(machine, NODE);
  }

  @AfterEach
  void close() {
    node.close();
    other.close();
  }

  static Stream<Arguments> calls() {
    return Stream.of(
        Arguments.of(Kind.EXT4, Call.STAGE),
        Arguments.of(Kind.EXT4, Call.PUBLISH),
        Arguments.of(Kind.EXT4, Call.PUBLISH_READ_ONLY),
        Arguments.of(Kind.EXT4, Call.UNPUBLISH),
        Arguments.of(Kind.EXT4, Call.UNSTAGE),
        Arguments.of(Kind.BLOCK, Call.STAGE),
        Arguments.of(Kind.BLOCK, Call.PUBLISH),
        Arguments.of(Kind.BLOCK, Call.PUBLISH_READ_ONLY),
        Arguments.of(Kind.BLOCK, Call.UNPUBLISH_READ_ONLY),
        Arguments.of(Kind.BLOCK, Call.UNSTAGE));
  }

  /** A call, and how many others come before it in a volume's life. */
  enum Call {
    STAGE(0),
    PUBLISH(1),
    PUBLISH_READ_ONLY(1),
    UNPUBLISH(2),
    UNPUBLISH_READ_ONLY(2),
    UNSTAGE(3);

    private final int before;

    Call(int before) {
      this.before = before;
    }

    /** So that something is left to do after the last command, not before the first one. */
    boolean takesAway() {
      return name().startsWith("UN");
    }

    boolean readOnly() {
      return name().endsWith("READ_ONLY");
    }
  }

  @ParameterizedTest
  @MethodSource("calls")
  void theSameCallToTheNextProcessEndsRight(Kind kind, Call killed) {
    for (int command = 0; dies(kind, killed, command); command++) {
      node = NodeProcess.start(machine, NODE);
      for (int step = killed.before; step < 4; step++) {
        assertThat(step(kind, killed, step))
            .as("step %d after a kill at command %d", step, command)
            .isEqualTo("OK");
        if (step == 1) {
          Path target = node.target("one");
          if (killed.readOnly()) {
            assertThat(MountTable.read().at(target).orElseThrow())
                .matches(mount -> mount.readOnly());
          } else {
            kind.write(target, 1);
            kind.assertHolds(target, 1);
          }
        }
      }
      assertNothingIsLeft(command);
    }
  }

  /** Goes through the volume's life up to the call; whether it died there. */
  private boolean dies(Kind kind, Call killed, int command) {
    other.create("vol", kind);
    other.attach("vol", NODE, kind.capability(MODE), false);
    for (int step = 0; step < killed.before; step++) {
      assertThat(step(kind, killed, step)).isEqualTo("OK");
    }
    if (killed.takesAway()) {
      node.dieAfterCommand(command);
    } else {
      node.dieBeforeCommand(command);
    }
    boolean died = step(kind, killed, killed.before).isEmpty();
    if (!died) {
      node.dieBeforeCommand(Integer.MAX_VALUE);
      for (int step = killed.before + 1; step < 4; step++) {
        assertThat(step(kind, killed, step)).isEqualTo("OK");
      }
    }
    return died;
  }

  private String step(Kind kind, Call killed, int step) {
    return switch (step) {
      case 0 -> node.tryStage("vol", kind, MODE);
      case 1 -> node.tryPublish("vol", "one", kind, MODE, killed.readOnly());
      case 2 -> node.tryUnpublish("vol", "one");
      case 3 -> node.tryUnstage("vol");
      default -> throw new IllegalArgumentException("" + step);
    };
  }

  private void assertNothingIsLeft(int command) {
    assertThat(machine.mounts()).as("mounts after a kill at command %d", command).isEmpty();
    assertThat(machine.loopDevices()).as("devices after a kill at command %d", command).isEmpty();
    assertThat(node.state()).isEmptyDirectory();
  }
}
