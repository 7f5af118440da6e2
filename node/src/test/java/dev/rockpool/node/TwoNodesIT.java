package dev.rockpool.node;

import static dev.rockpool.node.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rockpool.proto.csi.VolumeCapability;
import dev.rockpool.proto.csi.VolumeCapability.AccessMode.Mode;
import dev.rockpool.storage.AccessMode;
import dev.rockpool.storage.StorageException;
import dev.rockpool.storage.VolumeId;
import io.grpc.Status.Code;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two nodes, each a process of its own, with one shared pool. */
final class TwoNodesIT {
  private static final String THERE = "node-a";

  @RegisterExtension private static final Machine machine = Machine.xfs();

  private TestNode here;
  private NodeProcess there;

  @BeforeEach
  void open() {
    here = TestNode.shared(machine, "node-b");
    there = NodeProcess.start(machine, THERE);
  }

  @AfterEach
  void close() {
    there.close();
    here.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"BLOCK", "EXT4"})
  void aWriterKeepsOthersAwayByItsRecordAndByItsLock(Kind kind) {
    Mode mode = Mode.SINGLE_NODE_WRITER;
    VolumeCapability readers = kind.capability(Mode.MULTI_NODE_READER_ONLY);
    here.create("vol", kind, AccessMode.SINGLE_NODE_WRITER, AccessMode.MULTI_NODE_READER_ONLY);
    here.attach("vol", THERE, kind.capability(mode), false);
    there.stage("vol", kind, mode);
    Path target = there.publish("vol", "one", kind, mode, false);

    for (VolumeCapability asked : new VolumeCapability[] {kind.capability(mode), readers}) {
      assertThatThrownBy(() -> here.attach("vol", asked, false))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("\"" + THERE + "\"");
      assertRefused(Code.FAILED_PRECONDITION, () -> here.stage("vol", asked))
          .contains("not published to node \"node-b\"");
    }

    // Somebody gives the node up although it works on: the record says nothing any more.
    here.detach("vol", THERE);
    for (VolumeCapability asked : new VolumeCapability[] {kind.capability(mode), readers}) {
      here.attach("vol", asked, false);
      assertRefused(Code.FAILED_PRECONDITION, () -> here.stage("vol", asked))
          .contains("is locked by");
      here.detach("vol");
    }
    assertThatThrownBy(() -> here.volumes().delete(VolumeId.parse("vol")))
        .hasMessageContaining("still in use");
    kind.write(target, 1);
    kind.assertHolds(target, 1);

    there.unpublish("vol", "one");
    there.unstage("vol");
    here.use("vol", kind.capability(mode));
    kind.assertHolds(here.publish("vol", "one", kind.capability(mode)), 1);
  }

  @ParameterizedTest
  @EnumSource
  void readersAreOnBothAtOnceAndKeepAWriterAway(Kind kind) {
    VolumeCapability readers = kind.capability(Mode.MULTI_NODE_READER_ONLY);
    VolumeCapability writer = kind.capability(Mode.SINGLE_NODE_WRITER);
    here.create("vol", kind, AccessMode.SINGLE_NODE_WRITER, AccessMode.MULTI_NODE_READER_ONLY);
    here.use("vol", writer);
    Path maker = here.publish("vol", "maker", writer);
    kind.write(maker, 1);
    here.unpublish("vol", maker);
    here.unstage("vol");
    here.detach("vol");

    here.attach("vol", THERE, readers, false);
    there.stage("vol", kind, Mode.MULTI_NODE_READER_ONLY);
    here.use("vol", readers);
    Path one = there.publish("vol", "one", kind, Mode.MULTI_NODE_READER_ONLY, false);
    Path other = here.publish("vol", "other", readers);
    kind.assertHolds(one, 1);
    kind.assertHolds(other, 1);

    here.unpublish("vol", other);
    here.unstage("vol");
    here.detach("vol");
    here.detach("vol", THERE);
    here.attach("vol", writer, false);
    assertRefused(Code.FAILED_PRECONDITION, () -> here.stage("vol", writer))
        .contains("is locked by");
    there.unpublish("vol", "one");
    there.unstage("vol");
    here.stage("vol", writer);
  }

  @Test
  void writersOfAVolumeMadeForManyAreOnBoth() {
    Kind kind = Kind.BLOCK;
    VolumeCapability writers = kind.capability(Mode.MULTI_NODE_MULTI_WRITER);
    here.create("vol", kind, AccessMode.MULTI_NODE_MULTI_WRITER);
    here.attach("vol", THERE, writers, false);
    here.use("vol", writers);
    there.stage("vol", kind, Mode.MULTI_NODE_MULTI_WRITER);
    Path one = here.publish("vol", "one", writers);
    Path other = there.publish("vol", "other", kind, Mode.MULTI_NODE_MULTI_WRITER, false);

    kind.write(one, 1);
    kind.write(other, 2);
    kind.assertHolds(other, 1);
    kind.assertHolds(one, 2);
    there.unpublish("vol", "other");
    there.unstage("vol");
  }

  /** The lock is the process's: who dies holds nothing, and its machine is another one's affair. */
  @Test
  void aNodeThatDiedHoldsNoLock() {
    VolumeCapability writer = Kind.EXT4.capability(Mode.SINGLE_NODE_WRITER);
    here.create("vol", Kind.EXT4);
    here.attach("vol", THERE, writer, false);
    there.stage("vol", Kind.EXT4, Mode.SINGLE_NODE_WRITER);
    there.close();
    machine.mounts().forEach(mount -> Machine.run("umount", mount.mountPoint().toString()));

    here.detach("vol", THERE);
    here.use("vol", writer);
  }
}
