package dev.rockpool.storage;

import static dev.rockpool.storage.Failures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rockpool.storage.StorageException.Reason;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link Volumes} promises where at least three nodes have the pool. */
public abstract class SharedVolumesContract extends VolumesContract {
  private static final AccessMode READERS = AccessMode.MULTI_NODE_READER_ONLY;
  private static final AccessMode WRITERS = AccessMode.MULTI_NODE_MULTI_WRITER;

  private NodeId node(int number) {
    return fixture().nodes().get(number);
  }

  @Test
  void anyNumberOfNodesMayRead() {
    VolumeId id = create(Asked.block("a")).id();
    for (NodeId node : fixture().nodes()) {
      attach(id, node, READERS, Access.READ_ONLY);
    }
    assertThat(record(id).attachments())
        .extracting(Attachment::node)
        .containsExactlyElementsOf(fixture().nodes());
  }

  @ParameterizedTest
  @EnumSource(AccessMode.class)
  void beyondOneWriterThereIsNobody(AccessMode mode) {
    VolumeId id = create(Asked.block("a")).id();
    Volume held = attach(id, node(0), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
    for (boolean readonly : List.of(false, true)) {
      assertRefused(Reason.PRECONDITION, () -> attach(id, node(1), mode, mode.access(readonly)))
          .contains("\"" + node(0) + "\"");
    }
    assertThat(volumes().find(id)).contains(held);
  }

  @Test
  void besideReadersNobodyWrites() {
    VolumeId id = create(Asked.block("a")).id();
    attach(id, node(0), READERS, Access.READ_ONLY);
    attach(id, node(1), READERS, Access.READ_ONLY);
    assertRefused(
            Reason.PRECONDITION,
            () -> attach(id, node(2), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE))
        .contains("\"" + node(0) + "\"");
    volumes().detach(id, Optional.of(node(0)));
    assertRefused(
            Reason.PRECONDITION,
            () -> attach(id, node(2), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE))
        .contains("\"" + node(1) + "\"");
    volumes().detach(id, Optional.of(node(1)));
    attach(id, node(2), AccessMode.SINGLE_NODE_WRITER, Access.READ_WRITE);
  }

  @Test
  void aModeOfOneNodeKeepsOtherReadersAway() {
    VolumeId id = create(Asked.block("a")).id();
    attach(id, node(0), AccessMode.SINGLE_NODE_READER_ONLY, Access.READ_ONLY);
    assertRefused(Reason.PRECONDITION, () -> attach(id, node(1), READERS, Access.READ_ONLY));
  }

  @Test
  void aBlockVolumeCreatedForManyWritersHasThem() {
    VolumeId id = create(Asked.block("a").modes(WRITERS)).id();
    for (NodeId node : fixture().nodes()) {
      attach(id, node, WRITERS, Access.READ_WRITE);
    }
    assertThat(record(id).attachments()).hasSameSizeAs(fixture().nodes());
  }

  @Test
  void aSingleWriterAmongManyNodesStaysSingle() {
    VolumeId id = create(Asked.block("a").modes(WRITERS, AccessMode.MULTI_NODE_SINGLE_WRITER)).id();
    attach(id, node(0), AccessMode.MULTI_NODE_SINGLE_WRITER, Access.READ_WRITE);
    attach(id, node(1), READERS, Access.READ_ONLY);
    assertRefused(
            Reason.PRECONDITION,
            () -> attach(id, node(2), AccessMode.MULTI_NODE_SINGLE_WRITER, Access.READ_WRITE))
        .contains("\"" + node(0) + "\"");
  }

  @Test
  void aFilesystemForManyWritersIsADirectory() throws Exception {
    VolumeId id = create(Asked.filesystem("a").modes(WRITERS)).id();
    assertThat(record(id).contents()).isEqualTo(Contents.DIRECTORY);
    attach(id, node(0), WRITERS, Access.READ_WRITE);
    attach(id, node(1), WRITERS, Access.READ_WRITE);
    try (var _ = fixture().use(id, Access.READ_WRITE);
        var _ = fixture().use(id, Access.READ_WRITE)) {
      volumes().detach(id, Optional.empty());
      assertRefused(Reason.PRECONDITION, () -> volumes().delete(id));
    }
    volumes().delete(id);
    assertThat(volumes().find(id)).isEmpty();
  }

  @Test
  void aDirectoryIsNeitherThickNorFormatted() {
    assertRefused(Reason.INVALID, () -> create(Asked.filesystem("a").modes(WRITERS).thick()))
        .contains("allocation");
    assertRefused(
            Reason.INVALID, () -> create(Asked.filesystem("a").modes(WRITERS).mkfsOptions("-q")))
        .contains("mkfsOptions");
  }

  @Test
  void aDirectoryHasTheSizeThatWasAsked() {
    VolumeId id = create(Asked.filesystem("a").modes(WRITERS).size(1_000_001)).id();
    assertThat(record(id).capacityBytes()).isEqualTo(1_000_001);
    long before = available();
    assertThat(volumes().expand(id, new SizeRange(2_000_003, 0)).record().capacityBytes())
        .isEqualTo(2_000_003);
    assertThat(available()).isEqualTo(before - 1_000_002);
  }

  @Test
  void detachingNoNodeInParticularDetachesAll() {
    VolumeId id = create(Asked.block("a")).id();
    attach(id, node(0), READERS, Access.READ_ONLY);
    attach(id, node(1), READERS, Access.READ_ONLY);
    volumes().detach(id, Optional.empty());
    assertThat(record(id).attachments()).isEmpty();
  }

  @Test
  void aVolumeWithHoldersIsDeletedWhenTheLastOneHasGone() {
    VolumeId id = create(Asked.block("a")).id();
    attach(id, node(0), READERS, Access.READ_ONLY);
    attach(id, node(1), READERS, Access.READ_ONLY);
    assertRefused(Reason.PRECONDITION, () -> volumes().delete(id))
        .contains(node(0).value(), node(1).value());
    volumes().detach(id, Optional.of(node(0)));
    assertRefused(Reason.PRECONDITION, () -> volumes().delete(id)).contains(node(1).value());
    volumes().detach(id, Optional.of(node(1)));
    volumes().delete(id);
  }
}
