package dev.rockpool.storage;

import static dev.rockpool.storage.CheckedPool.DATA;
import static dev.rockpool.storage.CheckedPool.HOST;
import static dev.rockpool.storage.CheckedPool.NODE;
import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.host.LoopDevice;
import dev.rockpool.storage.host.LoopDevices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Volumes are taken away from nodes that are gone, and from no others. */
@Timeout(120)
final class PoolHoldersIT {
  private static final NodeId OTHER = NodeId.parse("node-b");

  @TempDir private static Path directory;
  private static PoolFilesystem filesystem;

  private CheckedPool pool;

  @BeforeAll
  static void makeFilesystem() throws IOException {
    filesystem = PoolFilesystem.xfs(directory);
  }

  @AfterAll
  static void removeFilesystem() throws IOException {
    filesystem.close();
  }

  @BeforeEach
  void fillAPool() throws IOException {
    pool = CheckedPool.full(filesystem.newDirectory(), PoolKind.SHARED);
  }

  @AfterEach
  void close() {
    pool.close();
  }

  private PoolHolders holders() {
    return new PoolHolders(pool.spec, HOST);
  }

  private List<Attachment> attachments() {
    return new VolumeStore(pool.layout, () -> true).find(DATA).orElseThrow().attachments();
  }

  private void assertKept(String why) {
    List<PoolHolders.Outcome> outcomes = holders().release(NODE);
    assertThat(outcomes).hasSize(1);
    assertThat(outcomes.getFirst().refused().orElseThrow()).contains(why);
    assertThat(attachments()).hasSize(1);
  }

  @Test
  void aNodeThatIsGone() {
    assertThat(holders().running()).isEmpty();
    List<PoolHolders.Outcome> outcomes = holders().release(NODE);
    assertThat(outcomes).hasSize(1);
    assertThat(outcomes.getFirst().volume()).isEqualTo(DATA);
    assertThat(outcomes.getFirst().refused()).isEmpty();
    assertThat(attachments()).isEmpty();
    assertThat(holders().release(NODE)).isEmpty();
    assertThat(pool.ids()).isEmpty();
  }

  @Test
  void aNodeThatHoldsNothing() {
    assertThat(holders().release(OTHER)).isEmpty();
    assertThat(attachments()).hasSize(1);
  }

  @Test
  void aNodeWhoseDriverRuns() {
    pool.open();
    assertThat(holders().running()).containsExactly(NODE);
    assertRefused(Reason.PRECONDITION, () -> holders().release(NODE)).contains("is not gone");
    assertThat(attachments()).hasSize(1);
  }

  @Test
  void aNodeWhoseDriverRunsInAnotherProcess() throws IOException {
    try (OtherNode other = new OtherNode()) {
      assertThat(other.tell("open", pool.layout.root(), NODE)).isEqualTo("ok");
      assertThat(holders().running()).containsExactly(NODE);
      assertRefused(Reason.PRECONDITION, () -> holders().release(NODE)).contains("is not gone");
    }
    assertThat(holders().running()).isEmpty();
  }

  @Test
  void aVolumeThatIsLocked() throws IOException {
    try (var _ = FileLocks.tryLock(pool.path("volumes/data/use.lock"), true).orElseThrow()) {
      assertKept("it is locked");
    }
  }

  @Test
  void aVolumeThatIsAttachedOnThisMachine() throws IOException {
    LoopDevices loops = new LoopDevices(HOST);
    LoopDevice device = loops.attach(pool.path("volumes/data/disk.img"), true, 512);
    try {
      assertKept("attached to " + device);
    } finally {
      loops.detach(device);
    }
  }

  /** What is locked is locked by the reader that runs, not by the one that is gone. */
  @Test
  void aReaderThatIsGoneBesideOneThatRuns() throws IOException {
    Attachment gone = new Attachment(NODE, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    Attachment runs = new Attachment(OTHER, AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY);
    pool.changeVolume(DATA, record -> record.withAttachments(List.of(gone, runs)));
    try (OtherNode other = new OtherNode()) {
      assertThat(other.tell("open", pool.layout.root(), OTHER)).isEqualTo("ok");
      assertThat(other.tell("use", DATA, Access.READ_ONLY)).isEqualTo("yes");
      assertThat(holders().release(NODE).getFirst().refused()).isEqualTo(Optional.empty());
    }
    assertThat(attachments()).containsExactly(runs);
  }
}
