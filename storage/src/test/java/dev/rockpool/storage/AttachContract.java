package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import dev.rockpool.storage.VolumesFixture.Setup;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@link Volumes#attach} and {@link Volumes#detach} on one node. */
interface AttachContract extends ContractChapter {
  AccessMode ONE_NODE = AccessMode.SINGLE_NODE_MULTI_WRITER;
  NodeId UNKNOWN = new NodeId("unknown-node");

  private VolumeId made(String name) {
    return create(Asked.block(name)).id();
  }

  @Test
  default void anAttachedVolumeHasItsHolder() {
    VolumeId id = made("a");
    Volume held = attach(id, node(), ONE_NODE, Access.READ_WRITE);
    assertThat(held.record().attachments())
        .containsExactly(new Attachment(node(), ONE_NODE, Access.READ_WRITE));
    assertThat(volumes().find(id)).contains(held);
  }

  @Test
  default void attachingAgainChangesNothing() {
    VolumeId id = made("a");
    Volume held = attach(id, node(), ONE_NODE, Access.READ_WRITE);
    assertThat(attach(id, node(), ONE_NODE, Access.READ_WRITE)).isEqualTo(held);
  }

  @Test
  default void attachingInAnotherWayIsRefused() {
    VolumeId id = made("a");
    Volume held = attach(id, node(), ONE_NODE, Access.READ_WRITE);
    assertRefused(Reason.ALREADY_EXISTS, () -> attach(id, node(), ONE_NODE, Access.READ_ONLY))
        .contains(node().value())
        .contains("READ_WRITE");
    assertRefused(
        Reason.ALREADY_EXISTS,
        () -> attach(id, node(), AccessMode.SINGLE_NODE_SINGLE_WRITER, Access.READ_WRITE));
    assertThat(volumes().find(id)).contains(held);
  }

  @Test
  default void anUnknownVolumeIsNotFound() {
    VolumeId id = VolumeId.parse("never-was");
    assertRefused(Reason.NOT_FOUND, () -> attach(id, node(), ONE_NODE, Access.READ_WRITE))
        .contains("never-was");
    volumes().detach(id, Optional.of(node()));
    volumes().detach(id, Optional.empty());
  }

  @Test
  default void anUnknownNodeIsNotFound() {
    VolumeId id = made("a");
    assertRefused(Reason.NOT_FOUND, () -> attach(id, UNKNOWN, ONE_NODE, Access.READ_WRITE))
        .contains(UNKNOWN.value());
    assertThat(record(id).attachments()).isEmpty();
    volumes().detach(id, Optional.of(UNKNOWN));
  }

  @Test
  default void aDetachedVolumeIsFree() {
    VolumeId id = made("a");
    attach(id, node(), ONE_NODE, Access.READ_WRITE);
    volumes().detach(id, Optional.of(node()));
    assertThat(record(id).attachments()).isEmpty();
    volumes().detach(id, Optional.of(node()));
    assertThat(
            attach(id, node(), AccessMode.MULTI_NODE_READER_ONLY, Access.READ_ONLY)
                .record()
                .attachments())
        .hasSize(1);
  }

  @Test
  default void detachingAnotherNodeLeavesTheHolder() {
    VolumeId id = made("a");
    Volume held = attach(id, node(), ONE_NODE, Access.READ_WRITE);
    volumes().detach(id, Optional.of(UNKNOWN));
    assertThat(volumes().find(id)).contains(held);
  }

  @Test
  default void detachingNoNodeInParticularFreesTheVolume() {
    VolumeId id = made("a");
    attach(id, node(), ONE_NODE, Access.READ_WRITE);
    volumes().detach(id, Optional.empty());
    assertThat(record(id).attachments()).isEmpty();
  }

  @Test
  default void aNodeHoldsAsManyVolumesAsItMay() throws Exception {
    openWith(new Setup(Setup.USUAL.limitBytes(), 1, 2));
    Stream.of("a", "b", "c").forEach(this::made);
    Volume held = attach(VolumeId.parse("a"), node(), ONE_NODE, Access.READ_WRITE);
    attach(VolumeId.parse("b"), node(), ONE_NODE, Access.READ_WRITE);
    assertRefused(
            Reason.EXHAUSTED,
            () -> attach(VolumeId.parse("c"), node(), ONE_NODE, Access.READ_WRITE))
        .contains(node().value())
        .contains("2");
    assertThat(attach(VolumeId.parse("a"), node(), ONE_NODE, Access.READ_WRITE)).isEqualTo(held);
    assertThat(record(VolumeId.parse("c")).attachments()).isEmpty();
    volumes().detach(VolumeId.parse("b"), Optional.of(node()));
    attach(VolumeId.parse("c"), node(), ONE_NODE, Access.READ_WRITE);
  }

  @Test
  default void attachesAtOnceDontExceedWhatTheNodeMayHold() throws Exception {
    openWith(new Setup(Setup.USUAL.limitBytes(), 1, 3));
    List<VolumeId> ids = IntStream.range(0, 12).mapToObj(i -> made("a" + i)).toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> attached =
          threads.invokeAll(ids.stream().<Callable<Boolean>>map(id -> () -> attached(id)).toList());
      long count = 0;
      for (Future<Boolean> result : attached) {
        count += result.get() ? 1 : 0;
      }
      assertThat(count).isEqualTo(3);
      assertThat(ids.stream().filter(id -> !record(id).attachments().isEmpty()))
          .hasSize((int) count);
    }
  }

  private boolean attached(VolumeId id) {
    try {
      attach(id, node(), ONE_NODE, Access.READ_WRITE);
      return true;
    } catch (StorageException e) {
      assertThat(e.reason()).isEqualTo(Reason.EXHAUSTED);
      return false;
    }
  }
}
